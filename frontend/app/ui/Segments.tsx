import { useId } from "react";

interface Props<T> {
  legend: string;
  options: readonly (readonly [label: string, value: T])[];
  chosen: T;
  onChoose: (value: T) => void;
  /** The legend is for those who hear the page. */
  isQuiet?: boolean;
}

/** One of a few, all in sight. */
export function Segments<T>({ legend, options, chosen, onChoose, isQuiet = false }: Props<T>) {
  const name = useId();
  return (
    <fieldset className="field">
      <legend className={isQuiet ? "only-read" : undefined}>{legend}</legend>
      <div className="segments">
        {options.map(([label, value]) => (
          <label key={label}>
            <input type="radio" name={name} checked={chosen === value} onChange={() => onChoose(value)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
