import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

/** Something is on its way. */
export function Loading({ label }: { label: string }): JSX.Element {
  return (
    <div className="jp-Omega-state" role="status">
      <span className="jp-Omega-spinner" aria-hidden="true" />
      {label}
    </div>
  );
}

export interface IFailedProps {
  message: string;
  retry: () => void;
  trans: TranslationBundle;
}

/** It went wrong: why, and the way to try again. */
export function Failed({ message, retry, trans }: IFailedProps): JSX.Element {
  return (
    <div className="jp-Omega-state jp-mod-error" role="alert">
      <p>{message}</p>
      <Button className="jp-mod-styled" onClick={retry}>
        {trans.__('Try again')}
      </Button>
    </div>
  );
}

/** What is shown could not be renewed: in a line, for what is known of it stays in sight. */
export function Outdated({ message, retry, trans }: IFailedProps): JSX.Element {
  return (
    <div className="jp-Omega-outdated" role="alert" title={message}>
      <span>{trans.__('Not up to date: no answer')}</span>
      <Button minimal small className="jp-Omega-textButton" onClick={retry}>
        {trans.__('Try again')}
      </Button>
    </div>
  );
}

/** There is nothing: say so, and what to do. */
export function Empty({ title, hint }: { title: string; hint: string }): JSX.Element {
  return (
    <div className="jp-Omega-state jp-Omega-empty">
      <p>{title}</p>
      <p className="jp-Omega-hint">{hint}</p>
    </div>
  );
}

/**
 * Why what a form asks for was not done; nothing where there is no reason.
 *
 * As the last of the whole form it is seen wherever that is scrolled to.
 */
export function Refusal({ message }: { message: string | null }): JSX.Element | null {
  return message ? (
    <p className="jp-Omega-refusal jp-Omega-formRefusal" role="alert">
      {message}
    </p>
  ) : null;
}

export interface IMoreProps {
  shown: number;
  total: number;
  more: () => void;
  trans: TranslationBundle;
}

/** How much of it is shown, and the way to more. */
export function More({ shown, total, more, trans }: IMoreProps): JSX.Element | null {
  return shown >= total ? null : (
    <div className="jp-Omega-more">
      <span>{trans.__('%1 of %2', shown.toLocaleString(), total.toLocaleString())}</span>
      <Button minimal small className="jp-Omega-textButton" onClick={more}>
        {trans.__('Show more')}
      </Button>
    </div>
  );
}
