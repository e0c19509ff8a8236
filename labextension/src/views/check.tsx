import * as React from 'react';

export interface ICheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  tabIndex?: number;
  set: (checked: boolean) => void;
}

/** A box to tick, with what that means. */
export function Check({ label, hint, checked, tabIndex, set }: ICheckProps): JSX.Element {
  return (
    <label className="jp-Omega-check">
      <input
        type="checkbox"
        checked={checked}
        tabIndex={tabIndex}
        onChange={event => set(event.target.checked)}
      />
      <span>
        {label}
        {hint && <span className="jp-Omega-hint">{hint}</span>}
      </span>
    </label>
  );
}
