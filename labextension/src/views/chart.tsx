import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILine } from '../models/experiment';
import { formatMetric } from './format';

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 64;
const BOTTOM = 22;
const EDGE = 8;

export interface IChartProps {
  metric: string;
  lines: readonly ILine[];
  /** What a run is called in the legend. */
  nameOf: (line: ILine) => string;
  trans: TranslationBundle;
}

/** The course of a metric, a line a run. */
export function Chart({ metric, lines, nameOf, trans }: IChartProps): JSX.Element {
  const all = lines.flatMap(({ points }) => points);
  const steps = range(all.map(({ step }) => step));
  const values = range(all.map(({ value }) => value));
  const x = (step: number): number =>
    LEFT + ((step - steps.low) / steps.span) * (WIDTH - LEFT - EDGE);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((value - values.low) / values.span) * (HEIGHT - BOTTOM - EDGE);
  return (
    <figure className="jp-Omega-chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={trans.__('%1 from %2 to %3', metric, values.low, values.high)}
      >
        {[values.low, values.high].map((value, index) => (
          <g key={index} className="jp-Omega-chartGrid">
            <line x1={LEFT} x2={WIDTH - EDGE} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 6} y={y(value)} textAnchor="end" dominantBaseline="middle">
              {formatMetric(value)}
            </text>
          </g>
        ))}
        {[steps.low, steps.high].map((step, index) => (
          <text
            key={index}
            className="jp-Omega-chartStep"
            x={x(step)}
            y={HEIGHT - 5}
            textAnchor={index === 0 ? 'start' : 'end'}
          >
            {index === 0 ? trans.__('step %1', step) : step}
          </text>
        ))}
        {lines.map(({ run, points }, index) => (
          <polyline
            key={run.run}
            className="jp-Omega-chartLine"
            data-line={index}
            points={points.map(({ step, value }) => `${x(step)},${y(value)}`).join(' ')}
          />
        ))}
      </svg>
      <Legend lines={lines} nameOf={nameOf} />
    </figure>
  );
}

function Legend({ lines, nameOf }: Pick<IChartProps, 'lines' | 'nameOf'>): JSX.Element {
  return (
    <figcaption>
      {lines.map((line, index) => (
        <span key={line.run.run} className="jp-Omega-chartName">
          <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
            <line className="jp-Omega-chartLine" data-line={index} x2="24" y1="4" y2="4" />
          </svg>
          {nameOf(line)}
        </span>
      ))}
    </figcaption>
  );
}

interface IRange {
  low: number;
  high: number;
  /** Never zero: a line that stays level is drawn as one. */
  span: number;
}

function range(numbers: readonly number[]): IRange {
  const low = numbers.reduce((least, number) => Math.min(least, number), Infinity);
  const high = numbers.reduce((most, number) => Math.max(most, number), -Infinity);
  return { low, high, span: high - low || 1 };
}
