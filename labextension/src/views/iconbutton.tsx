import type { LabIcon } from '@jupyterlab/ui-components';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IIconButtonProps {
  icon: LabIcon;
  /** What it does: its tooltip, and its name to a screen reader. */
  label: string;
  onClick: () => void;
  disabled?: boolean;
  tabIndex?: number;
}

export function IconButton(props: IIconButtonProps): JSX.Element {
  const { icon, label, onClick, disabled, tabIndex } = props;
  return (
    <Button
      minimal
      small
      className="jp-Omega-iconButton"
      title={label}
      aria-label={label}
      disabled={disabled}
      tabIndex={tabIndex}
      onClick={event => {
        event.stopPropagation();
        onClick();
      }}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </Button>
  );
}
