import { type ReactNode, useId } from "react";

interface Props {
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  children: (control: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}

/** A control with its label, and under it what is wrong with what is in it. */
export function Field({ label, hint, fault, children }: Props) {
  const id = useId();
  const note = `${id}-note`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": fault || hint ? note : undefined, "aria-invalid": fault !== undefined })}
      {(fault ?? hint) && (
        <p id={note} className={fault ? "field-fault" : "field-hint"}>
          {fault ?? hint}
        </p>
      )}
    </div>
  );
}
