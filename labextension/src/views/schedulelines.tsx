import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ISchedule } from '../client/schedules';
import { shortPath } from './format';

/** So many are named; who has more knows what they are about to do. */
const SHOWN = 5;

export interface IScheduleLinesProps {
  /** What is asked, where the title does not. */
  question?: string;
  schedules: readonly ISchedule[];
  /** Why they are named. */
  why: string;
  trans: TranslationBundle;
}

/** Some schedules in a question, each as it was said. */
export function ScheduleLines(props: IScheduleLinesProps): JSX.Element {
  const { question, schedules, why, trans } = props;
  const left = schedules.length - SHOWN;
  return (
    <div className="jp-Omega-question">
      {question && <p>{question}</p>}
      <ul>
        {schedules.slice(0, SHOWN).map(({ id, job, words, timezone }) => (
          <li key={id}>
            <bdi>{shortPath(job)}</bdi>: {words}, {timezone}
          </li>
        ))}
        {left > 0 && <li>{trans._n('and one more', 'and %1 more', left)}</li>}
      </ul>
      <p>{why}</p>
    </div>
  );
}
