import * as React from 'react';

export interface ICheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  set: (checked: boolean) => void;
}

/** A box to tick, with what that means. */
export function Check({ label, hint, checked, set }: ICheckProps): JSX.Element {
  return (
    <label className="jp-Omega-check">
      <input type="checkbox" checked={checked} onChange={event => set(event.target.checked)} />
      <span>
        {label}
        {hint && <span className="jp-Omega-hint">{hint}</span>}
      </span>
    </label>
  );
}
