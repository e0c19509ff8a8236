import type { ReadonlyJSONValue } from '@lumino/coreutils';

import type { Connection } from './connection';

export type ParameterType = 'int' | 'float' | 'str' | 'bool' | 'list' | 'dict' | 'any';

/** What the cell tagged `parameters` says that can be set. */
export interface IParameter {
  name: string;
  type: ParameterType;
  default: ReadonlyJSONValue;
  help: string;
}

export class ParametersClient {
  constructor(private readonly _connection: Connection) {}

  /** The parameters of the notebook at this path of Jupyter's contents. */
  async list(path: string): Promise<IParameter[]> {
    const answer = await this._connection.request<{ parameters: IParameter[] }>(
      'GET',
      ['parameters'],
      { path }
    );
    return answer.parameters;
  }
}
