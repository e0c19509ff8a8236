import type { ICell, INotebookContent } from '@jupyterlab/nbformat';
import { OutputArea, OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONValue } from '@lumino/coreutils';
import * as React from 'react';

import type { CellChange, ICellPair } from '../models/celldiff';
import { haveEqualOutputs, metadataOf, outputsOf, pairCells, sourceOf } from '../models/celldiff';
import type { IRendering } from './rendering';
import { codeTypeOf } from './rendering';
import { SourceDiff } from './sourcediff';
import { Empty } from './states';

export interface INotebookDiffProps {
  before: INotebookContent;
  after: INotebookContent;
  /** What the two are called. */
  titles: [before: string, after: string];
  rendering: IRendering;
  trans: TranslationBundle;
}

/** Two states of a notebook side by side, cell by cell; what is the same is folded. */
export function NotebookDiff(props: INotebookDiffProps): JSX.Element {
  const { before, after, titles, trans } = props;
  const pairs = React.useMemo(() => pairCells(before, after), [before, after]);
  const sameMetadata = areEqual(before.metadata, after.metadata);
  const groups = groupSame(pairs);
  if (sameMetadata && pairs.every(({ change }) => change === 'same')) {
    return (
      <Empty
        title={trans.__('The two are the same')}
        hint={trans.__('How often cells were executed is not compared.')}
      />
    );
  }
  return (
    <div className="jp-Omega-diff">
      <div className="jp-Omega-diffTitles">
        {titles.map(title => (
          <span key={title}>{title}</span>
        ))}
      </div>
      {!sameMetadata && (
        <section className="jp-Omega-cellDiff" data-change="changed">
          <h3>{trans.__('Metadata of the notebook')}</h3>
          <JSONDiff {...props} pair={[before.metadata, after.metadata]} />
        </section>
      )}
      {groups.map((group, index) =>
        group[0].change === 'same' ? (
          <Same key={index} count={group.length} {...props} pairs={group} />
        ) : (
          <CellDiff key={index} {...props} pair={group[0]} />
        )
      )}
    </div>
  );
}

interface ISameProps extends INotebookDiffProps {
  count: number;
  pairs: ICellPair[];
}

function Same({ count, pairs, trans }: ISameProps): JSX.Element {
  return (
    <details className="jp-Omega-same">
      <summary>{trans._n('%1 cell is the same', '%1 cells are the same', count)}</summary>
      {pairs.map(({ after }, index) => (
        <pre key={index}>{sourceOf(after)}</pre>
      ))}
    </details>
  );
}

interface ICellDiffProps extends INotebookDiffProps {
  pair: ICellPair;
}

function CellDiff(props: ICellDiffProps): JSX.Element {
  const { pair, rendering, trans } = props;
  const { before, after, change } = pair;
  const sources: [string, string] = [sourceOf(before), sourceOf(after)];
  const label = changeLabel(change, trans);
  return (
    <section className="jp-Omega-cellDiff" data-change={change}>
      <h3>{label}</h3>
      {sources[0] !== sources[1] && (
        <SourceDiff
          before={sources[0]}
          after={sources[1]}
          mimeType={mimeTypeOf(props, after ?? before)}
          languages={rendering.languages}
          label={label}
        />
      )}
      {change === 'changed' && sources[0] === sources[1] && <pre>{sources[1]}</pre>}
      {change === 'changed' && !areEqual(metadataOf(before), metadataOf(after)) && (
        <JSONDiff {...props} pair={[metadataOf(before), metadataOf(after)]} />
      )}
      {!haveEqualOutputs(before, after) && (
        <div className="jp-Omega-outputs">
          <Outputs {...props} cell={before} label={trans.__('Outputs before')} />
          <Outputs {...props} cell={after} label={trans.__('Outputs after')} />
        </div>
      )}
    </section>
  );
}

function JSONDiff({
  pair,
  rendering,
  trans
}: Omit<INotebookDiffProps, 'before'> & { pair: [unknown, unknown] }): JSX.Element {
  const [before, after] = pair.map(value => JSON.stringify(inOrder(value ?? {}), undefined, 2));
  return (
    <SourceDiff
      before={before}
      after={after}
      mimeType="application/json"
      languages={rendering.languages}
      label={trans.__('Metadata')}
    />
  );
}

/** The same value with its keys by name: in what order they were written is no difference. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, inOrder(each)]));
}

interface IOutputsProps {
  cell: ICell | null;
  label: string;
  rendering: IRendering;
}

/** The outputs of a cell, drawn by Jupyter; untrusted, so that no script in them runs. */
function Outputs({ cell, label, rendering }: IOutputsProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (!host.current) {
      return;
    }
    const model = new OutputAreaModel({ values: outputsOf(cell), trusted: false });
    const area = new SimplifiedOutputArea({
      model,
      rendermime: rendering.rendermime,
      contentFactory: OutputArea.defaultContentFactory,
      translator: rendering.translator
    });
    Widget.attach(area, host.current);
    return () => {
      area.dispose();
      model.dispose();
    };
  }, [cell, rendering]);
  return <div ref={host} role="group" aria-label={label} />;
}

function groupSame(pairs: ICellPair[]): ICellPair[][] {
  const groups: ICellPair[][] = [];
  for (const pair of pairs) {
    const last = groups[groups.length - 1];
    if (pair.change === 'same' && last?.[0].change === 'same') {
      last.push(pair);
    } else {
      groups.push([pair]);
    }
  }
  return groups;
}

function mimeTypeOf({ after, rendering }: ICellDiffProps, cell: ICell | null): string {
  if (cell?.cell_type === 'code') {
    return codeTypeOf(after, rendering.mimeTypes);
  }
  return cell?.cell_type === 'markdown' ? 'text/x-ipythongfm' : 'text/plain';
}

function changeLabel(change: CellChange, trans: TranslationBundle): string {
  const labels: Record<CellChange, string> = {
    same: trans.__('The same'),
    changed: trans.__('Changed'),
    added: trans.__('Added'),
    removed: trans.__('Removed')
  };
  return labels[change];
}

function areEqual(a: unknown, b: unknown): boolean {
  return JSONExt.deepEqual(a as PartialJSONValue, b as PartialJSONValue);
}
