import { t } from "../../../text";

interface Props {
  title: string;
  selected: boolean;
  /** With `range` all from the one selected before. */
  onSelect: (range: boolean) => void;
}

export function SelectTick({ title, selected, onSelect }: Props) {
  return (
    <input
      type="checkbox"
      className="tick"
      data-shape="square"
      aria-label={t.task.select(title)}
      checked={selected}
      onChange={({ nativeEvent }) => onSelect(nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
    />
  );
}
