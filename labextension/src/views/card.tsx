import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { Button, caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { formatMoment, formatTime } from './format';

export interface ICardProps {
  /** The class of its kind. */
  className: string;
  id: string;
  /** Told by style. */
  status?: string;
  icon: LabIcon;
  iconLabel?: string;
  /** What kind of thing it is, where a list has several. */
  mark?: { icon: LabIcon; label: string };
  name: string;
  /** Its name and where it stands, for those who do not see. */
  label: string;
  badge?: string | null;
  /** Whether Tab reaches it. */
  reachable: boolean;
  /** What is always shown. */
  children: React.ReactNode;
  /** What is shown when it is opened. */
  details: () => React.ReactNode;
  trans: TranslationBundle;
}

/** An entry of a list that can be opened: Enter and a click on its head do. */
export function Card(props: ICardProps): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const toggle = (): void => setOpen(!open);
  return (
    <li
      className={`jp-Omega-entry ${props.className}`}
      data-entry=""
      data-id={props.id}
      data-status={props.status}
      tabIndex={props.reachable ? 0 : -1}
      aria-label={props.label}
      onKeyDown={event => {
        if (event.key === 'Enter' && event.target === event.currentTarget) {
          toggle();
        }
      }}
    >
      <Head {...props} open={open} toggle={toggle} />
      {props.children}
      {open && props.details()}
    </li>
  );
}

function Head(props: ICardProps & { open: boolean; toggle: () => void }): JSX.Element {
  const { icon: Icon, mark, name, open, trans } = props;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <div className="jp-Omega-entryHead" onClick={props.toggle}>
      <span
        className="jp-Omega-entryIcon"
        title={props.iconLabel}
        aria-hidden={props.iconLabel ? undefined : true}
      >
        <Icon.react tag="span" width="16px" height="16px" />
      </span>
      {mark && (
        <span className="jp-Omega-entryMark" title={mark.label}>
          <mark.icon.react tag="span" width="14px" height="14px" />
        </span>
      )}
      <span className="jp-Omega-entryName" title={name}>
        <bdi>{name}</bdi>
      </span>
      {props.badge && <span className="jp-Omega-badge">{props.badge}</span>}
      <Button
        minimal
        small
        className="jp-Omega-iconButton"
        aria-expanded={open}
        aria-label={trans.__('Details')}
        title={trans.__('Details')}
        tabIndex={props.reachable ? 0 : -1}
      >
        <Caret.react tag="span" />
      </Button>
    </div>
  );
}

/** Something that can be done. */
export interface IAction {
  icon: LabIcon;
  label: string;
  /** More of it, where the label is short. */
  title?: string;
  act: () => void;
  disabled?: boolean;
}

export interface IActionsProps {
  /** What is false is not offered. */
  actions: (IAction | false)[];
  /** Whether Tab reaches them. */
  reachable?: boolean;
}

/** What can be done with an entry, as a row of buttons. */
export function Actions({ actions, reachable = true }: IActionsProps): JSX.Element {
  return (
    <div className="jp-Omega-actions">
      {actions.map(
        action =>
          action && (
            <Button
              key={action.label}
              minimal
              small
              className="jp-Omega-textButton"
              tabIndex={reachable ? 0 : -1}
              title={action.title}
              disabled={action.disabled}
              onClick={action.act}
            >
              <action.icon.react tag="span" width="14px" height="14px" />
              {action.label}
            </Button>
          )
      )}
    </div>
  );
}

/** A term, what it is, and more of that for who points at it. */
export type DetailRow = [term: string, value: string | null, tip?: string];

/** What is known of a thing: terms, and what they are. What is empty is left out. */
export function Details({ rows }: { rows: DetailRow[] }): JSX.Element {
  return (
    <dl className="jp-Omega-details">
      {rows.map(([term, value, tip]) =>
        value ? (
          <React.Fragment key={term}>
            <dt>{term}</dt>
            <dd title={tip}>{value}</dd>
          </React.Fragment>
        ) : null
      )}
    </dl>
  );
}

/** A row that tells a time, to the second in its tip. */
export function timeRow(term: string, time: string | null | undefined): DetailRow {
  return time ? [term, formatTime(time), formatMoment(time)] : [term, null];
}
