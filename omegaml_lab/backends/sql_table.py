"""SQL tables and queries, read from their database by SQLAlchemy whenever they are got."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from omegaml_lab.core.errors import (
    IntegrityError,
    InvalidOptionError,
    InvalidSourceError,
    MissingDependencyError,
    SourceUnavailableError,
)
from omegaml_lab.core.suggestions import suggestion
from omegaml_lab.core.urls import looks_secret, redacted
from omegaml_lab.storage.payloads import Payload
from omegaml_lab.store.backend import StreamBackend, Written
from omegaml_lab.store.chosen import chosen, without

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from omegaml_lab.core.names import Columns
    from omegaml_lab.storage.storage import Storage

__all__ = ["SqlBackend", "variable"]

_DIALECTS = frozenset(
    {
        "sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql", "duckdb", "snowflake",
        "bigquery", "redshift", "trino", "clickhouse", "databricks",
    }
)  # fmt: skip
_URL = re.compile(r"([a-z0-9]+)(?:\+[a-z0-9_]+)?://.*", re.ASCII)
_ROWS = 65_536


class SqlBackend(StreamBackend):
    """Tables, queries and whole databases; what is kept is where they are, without password.

    Put is an engine, a connection or a URL of SQLAlchemy; options of put: `table` (with
    `schema`) or `query`. With neither it is the database: its tables are listed, and `get`
    takes `table` or `query`. Other options of get: `params`, the values of ``:name`` in the
    query, `columns`, and `password`; by default what the environment says, see `variable`.
    """

    kind: ClassVar[str] = "sql.table"
    stores: ClassVar[frozenset[str]] = frozenset({"datasets"})
    priority: ClassVar[int] = 10

    def accepts(self, obj: object, name: str) -> bool:  # noqa: ARG002
        """Take engines, connections and URLs."""
        if type(obj) is str:
            found = _URL.fullmatch(obj)
            return found is not None and found[1] in _DIALECTS
        cls = type(obj)
        package = cls.__module__.partition(".")[0]
        return package == "sqlalchemy" and cls.__name__ in {"Engine", "Connection", "URL"}

    def write(
        self,
        obj: Any,
        storage: Storage,  # noqa: ARG002
        name: str,  # noqa: ARG002
        *,
        table: str | None = None,
        schema: str | None = None,
        query: str | None = None,
    ) -> Written:
        """Write where the rows are. The database is not asked.

        Raises
        ------
        InvalidSourceError
            If it is in memory, its URL holds a secret other than its password, or both
            `table` and `query` are said.
        MissingDependencyError
            If SQLAlchemy is not installed.
        """
        url = _portable(obj)
        if table is not None and query is not None:
            raise InvalidSourceError(redacted(url), "say table= or query=, not both")
        definition = _Definition(url=url, table=table, schema=schema, query=query)
        data = json.dumps(asdict(definition), sort_keys=True)
        told = {key: value for key, value in asdict(definition).items() if value is not None}
        return Written(
            payload=Payload(meta={"definition": data}),
            size=len(data),
            hash=hashlib.sha256(data.encode()).hexdigest(),
            details=told,
        )

    def read(
        self,
        payload: Payload,
        storage: Storage,  # noqa: ARG002
        name: str,
        *,
        table: str | None = None,
        query: str | None = None,
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] | Columns | None = None,
        password: str | None = None,
    ) -> pd.DataFrame:
        """Return the rows as a DataFrame.

        Raises
        ------
        SourceUnavailableError
            If the database does not answer, or refuses.
        MissingDependencyError
            If the driver of the database is not installed.
        """
        import pandas as pd

        definition = _Definition.of(payload, name, table, query)
        wanted, others = chosen(columns, ("datasets", name, self.kind))
        values = _values(params, name)
        with _connected(definition, password) as connection:
            if definition.is_database:
                return _tables(connection, definition.schema)
            statement = _statement(definition, wanted)
            return without(pd.read_sql_query(statement, connection, params=values), others, name)

    def iterate(
        self,
        payload: Payload,
        storage: Storage,  # noqa: ARG002
        name: str,
        *,
        table: str | None = None,
        query: str | None = None,
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] | Columns | None = None,
        password: str | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Return the rows as successive DataFrames of 65,536 rows; errors like `read`."""
        definition = _Definition.of(payload, name, table, query)
        if definition.is_database:
            reason = "it is a whole database: say table= or query="
            raise InvalidOptionError("datasets", name, self.kind, reason)
        wanted, others = chosen(columns, ("datasets", name, self.kind))
        frames = _frames(definition, _values(params, name), wanted, password)
        return (without(frame, others, name) for frame in frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """Where rows are: a table or a query, or else a database with all its tables."""

    url: str
    table: str | None
    schema: str | None
    query: str | None

    @classmethod
    def of(cls, payload: Payload, name: str, table: str | None, query: str | None) -> _Definition:
        """Return what a payload says, and of a database what is asked of it."""
        try:
            found = cls(**json.loads(payload.meta["definition"]))
        except (KeyError, ValueError, TypeError) as error:
            raise IntegrityError(f"SQL table {name!r}", str(error)) from error
        asked = table is not None or query is not None
        if asked and (not found.is_database or (table is not None and query is not None)):
            reason = "table= or query= is for what was put as a whole database"
            raise InvalidOptionError("datasets", name, SqlBackend.kind, reason)
        return replace(found, table=table, query=query) if asked else found

    @property
    def is_database(self) -> bool:
        """Whether no rows are chosen."""
        return self.table is None and self.query is None


def _frames(
    definition: _Definition,
    params: dict[str, Any],
    columns: Sequence[str] | None,
    password: str | None,
) -> Iterator[pd.DataFrame]:
    import pandas as pd

    with _connected(definition, password) as connection:
        statement = _statement(definition, columns)
        first = 0
        for frame in pd.read_sql_query(statement, connection, params=params, chunksize=_ROWS):
            frame.index = pd.RangeIndex(first, first + len(frame))
            first += len(frame)
            yield frame


def _tables(connection: Any, schema: str | None) -> pd.DataFrame:
    import pandas as pd
    import sqlalchemy as sa

    found = sa.inspect(connection)
    names = [*found.get_table_names(schema=schema), *found.get_view_names(schema=schema)]
    return pd.DataFrame({"table": pd.Series(sorted(names), dtype="str")})


def _statement(definition: _Definition, columns: Sequence[str] | None) -> Any:
    """Return what to execute: names are quoted by SQLAlchemy, values are bound."""
    import sqlalchemy as sa

    named: list[Any] = [sa.column(column) for column in dict.fromkeys(columns or ())]
    if definition.query is None:
        # Each with its table, or SQLite takes a quoted name that it does not know for a text.
        table = sa.table(definition.table or "", *named, schema=definition.schema)
        every: Any = sa.select(sa.literal_column("*")).select_from(table)
        return every if columns is None else sa.select(*(table.c[column] for column in columns))
    text = sa.text(definition.query)
    if columns is None:
        return text
    within = text.columns(*named).subquery("q")
    return sa.select(*(within.c[column] for column in columns))


def _values(params: Any, name: str) -> dict[str, Any]:
    """Return the values of parameters.

    Raises
    ------
    InvalidOptionError
        If they have no names.
    """
    if params is None or isinstance(params, Mapping):
        return dict(params or {})
    reason = f"params takes the values by name, {{'low': 5}} for :low, not {params!r:.60}"
    raise InvalidOptionError("datasets", name, SqlBackend.kind, reason)


@contextlib.contextmanager
def _connected(definition: _Definition, password: str | None) -> Iterator[Any]:
    import pandas as pd
    import sqlalchemy as sa

    url = definition.url
    target = sa.make_url(url)
    if target.host is not None:
        secret = os.environ.get(variable(target.host)) if password is None else password
        target = target.set(password=secret) if secret else target
    try:
        engine = sa.create_engine(target, poolclass=sa.pool.NullPool)
    except ImportError as error:
        remedy = f"It is the driver for {target.drivername}: install it with pip."
        raise MissingDependencyError(error.name or target.drivername, remedy) from None
    except sa.exc.SQLAlchemyError as error:
        raise InvalidSourceError(redacted(url), str(error)[:200]) from None
    try:
        with engine.connect() as connection:
            yield connection.execution_options(stream_results=True)
    except (sa.exc.SQLAlchemyError, pd.errors.DatabaseError) as error:
        reason = _no_table(engine, definition) or _reason(error, target)
        raise SourceUnavailableError(redacted(url), reason) from None
    finally:
        engine.dispose()


def _no_table(engine: Any, definition: _Definition) -> str | None:
    """Say so where the table is not there, for databases tell it in words of their own."""
    import sqlalchemy as sa

    table, schema = definition.table, definition.schema
    if table is None:
        return None
    try:
        with engine.connect() as connection:
            if sa.inspect(connection).has_table(table, schema=schema):
                return None
            there = _tables(connection, schema)["table"].tolist()
    except sa.exc.SQLAlchemyError:
        return None
    within = "" if schema is None else f" in the schema {schema!r}"
    listed = ", ".join(repr(name) for name in there[:20]) + (", …" if len(there) > 20 else "")
    has = f"It has: {listed}" if there else "It has none"
    told = f"there is no table {table!r}{within}.{suggestion(table, there)} {has}"
    return f"{told}. When it is called otherwise, put it again with table=…"


def _reason(error: Exception, url: Any) -> str:
    """Return what the database says: no password, and no values of parameters."""
    while error.__cause__ is not None and not hasattr(error, "orig"):
        error = error.__cause__  # type: ignore[assignment]
    told = getattr(error, "orig", None) or (error.args[0] if error.args else type(error).__name__)
    reason = re.split(r"\n| \(Background on", str(told))[0][:300].rstrip(".")
    if "bind parameter" in reason:
        reason += ": give it with params={…}"
    if url.password:
        return reason.replace(str(url.password), "…")
    if url.host is None or not url.username:
        return reason
    return f"{reason}. It was given no password: set {variable(url.host)}, or get(password=…)"


def variable(host: str) -> str:
    """Return the environment variable that holds the password for a host.

    It says which host is given the password, so that what somebody put into the repository
    cannot send it elsewhere.
    """
    spelt = host.lower().replace("-", "__").replace(".", "_").replace(":", "___")
    return f"OMEGA_SQL_PASSWORD_{spelt.upper()}"


def _portable(obj: Any) -> str:
    """Return the URL of a database as it is kept.

    Raises
    ------
    InvalidSourceError
        If others could not connect to it, or it would hold a secret.
    """
    try:
        import sqlalchemy as sa
    except ImportError as error:
        remedy = "`pip install omegaml-lab[sql]` brings it."
        raise MissingDependencyError("SQLAlchemy", remedy) from error
    if isinstance(obj, sa.Connection):
        obj = obj.engine
    try:
        url = obj.url if isinstance(obj, sa.Engine) else sa.make_url(obj)
    except (sa.exc.ArgumentError, ValueError, AttributeError):
        told = f"A {type(obj).__name__} that is no URL of a database"
        raise InvalidSourceError(told, "give dialect://user@host/database") from None
    # `url.set(password=None)` would leave it in.
    url = sa.URL.create(
        url.drivername, url.username, None, url.host, url.port, url.database, url.query
    )
    for key in url.query:
        if looks_secret(key):
            raise InvalidSourceError(redacted(str(url)), f"the parameter {key!r} would be kept")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
            raise InvalidSourceError("A database in memory", "others cannot see it")
        if not url.database.startswith("file:"):
            url = url.set(database=os.path.abspath(url.database))  # noqa: PTH100 - not resolved
    elif url.host is not None and not re.fullmatch(r"[A-Za-z0-9.:-]+", url.host):
        raise InvalidSourceError("A database", f"{url.host!r} is not the name of a host")
    return url.render_as_string(hide_password=False)
