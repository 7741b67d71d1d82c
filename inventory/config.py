"""This module is about settings: each is read once, with its default and its unit.

The environment wins over `tallycard.toml` in the data folder, which wins over the default.
A setting that would make the server unsafe is refused at the start, not found out later.
"""

import ipaddress
import json
import os
import re
import secrets
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from inventory.errors import UnsafeSetting

PREFIX = "TALLYCARD_"
KEY_BYTES = 32
SHORTEST_KEY = 32
_STEP = r"\s*(administrator|bureau_officer|principal|equipment_manager)\s*(>=\s*\d{1,9})?\s*"
_TYPE = r"\s*(receipt|relocation|handover|transfer|repair|scrap|loss)\s*"
_CHAIN = rf"{_TYPE}:({_STEP}(,{_STEP})*|\s*)"
APPROVALS = rf"\s*({_CHAIN}(;{_CHAIN})*;?)?\s*"


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of one deployment."""

    data: Path
    """Folder of the default database, the secret key, uploads and spools."""
    database: str
    """SQLAlchemy URI of the database."""
    secret_key: str
    """Key that signs sessions and forms; made on first use and kept in the data folder."""
    url: str = "http://127.0.0.1:8000"
    """Public address, for links on labels and cards."""
    url_lasts: bool = False
    """An administrator confirms that the address will outlive the labels that carry it."""
    language: str = "zh-CN"
    """Language of those who chose none: `zh-CN` or `en`."""
    time_zone: str = "Asia/Shanghai"
    """Zone in which times are shown and days are counted (IANA name)."""
    item_price_yuan: int = 500
    """Unit price in yuan from which an imported line becomes single items."""
    approvals: str = (
        "scrap: principal, bureau_officer >= 500; loss: principal, bureau_officer >= 500; "
        "transfer: principal"
    )
    """Who approves which documents, in order, from which unit price in yuan (500 元以上上报)."""
    public_cards: bool = False
    """Whoever scans a cabinet card without an account sees what is in the cabinet: no names of
    people, no prices, no chemicals. Only where the bureau permits it."""
    public_hides: str = "药品 试剂 危险 危化 化学品 易制毒 易制爆 剧毒 有毒 腐蚀"
    """Words, divided by spaces: a class in which one of them stands is on no public card."""
    durable_from_yuan: int = 500
    """Unit price in yuan from which a kind lasts: it is kept in the General and Detail ledger."""
    low_value_classes: str = "玻璃 药品 试剂 材料 工具"
    """How classes begin that are of low value whatever they cost, divided by spaces."""
    upload_megabytes: int = 50
    """Largest request body, in megabytes."""
    attachment_megabytes: int = 20
    """Largest photograph or file that is attached, in megabytes."""
    session_idle_hours: int = 12
    """Hours without a page after which somebody has to sign in again."""
    session_days: int = 30
    """Days after which somebody has to sign in again, however busy they are."""
    trusted_proxies: int = 0
    """Number of reverse proxies in front whose forwarding headers are believed."""
    hosts: tuple[str, ...] = ()
    """Further host names that the server answers to, beside that of `url`, loopback, addresses."""

    backup_to: str = ""
    """Folder of the nightly backups: another disk, or a mounted share; empty means none."""
    backup_at: str = "02:30"
    """Local hour and minute of the nightly backup."""
    backup_keep: str = "14 8 12"
    """How many backups stay: one for each of so many days, weeks, months."""
    patience_s: int = 30
    """Seconds a writer waits for its turn before it is told that the database is busy."""

    @property
    def is_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def database_file(self) -> Path | None:
        """The file behind an SQLite database; None for PostgreSQL."""
        if not self.is_sqlite:
            return None
        return Path(self.database.split("///", 1)[1])

    @property
    def address_is_lasting(self) -> bool:
        """Whether labels may carry a link: private addresses need to be confirmed first."""
        return self.url_lasts or not is_private(self.url)


def is_address(url: str) -> bool:
    """Whether a text is a server's address: http or https, a host, no path."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username) and parts.path in {"", "/"}
    written = re.fullmatch(r"[A-Za-z0-9.\-\[\]:]+", parts.netloc) is not None
    return parts.scheme in {"http", "https"} and bool(host) and plain and written


def is_loopback(host: str) -> bool:
    """Whether a host or address means this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Whether an address means something on this machine or this network only."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or ("." not in host and ":" not in host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".lan", ".internal", ".localhost"))


def load(environ: Mapping[str, str] | None = None) -> Config:
    """
    Read the settings of this process.

    Raises:
        UnsafeSetting: a setting is unknown, malformed, or would make the server unsafe.
    """
    env = os.environ if environ is None else environ
    data = Path(env.get(PREFIX + "DATA", "var")).expanduser().resolve()
    written = _from_file(data / "tallycard.toml")
    given = {**written, **_from_environment(env)}
    given.pop("data", None)
    data.mkdir(parents=True, exist_ok=True)
    values = {name: _parse(name, value) for name, value in given.items()}
    values.setdefault("database", f"sqlite:///{data / 'tallycard.db'}")
    values["database"] = _absolute(_with_driver(str(values["database"])))
    values.setdefault("secret_key", _kept_key(data / "secret.key"))
    config = Config(data=data, **values)  # type: ignore[arg-type]
    _refuse_unsafe(config)
    return config


def write_settings(data: Path, values: Mapping[str, str]) -> None:
    """
    Write settings into `tallycard.toml`; every other line of it stays as it is.

    Raises:
        UnsafeSetting: there is no such setting, the file cannot be read, or is written in a way
            that would not survive.
    """
    path = data / "tallycard.toml"
    for name in values:
        if name not in {field.name for field in fields(Config)} - {"data"}:
            raise UnsafeSetting(setting=name, reason="there is no such setting")
    before = _from_file(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for name, value in values.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        at = [n for n, old in enumerate(lines) if _name_in(old) == name]
        if at:
            lines[at[0]] = line
        else:
            lines.append(line)
    text = "\n".join(lines) + "\n"
    try:
        survives = tomllib.loads(text) == {**before, **values}
    except tomllib.TOMLDecodeError:
        survives = False
    if not survives:
        raise UnsafeSetting(setting=path.name, reason="write the settings into it by hand")
    data.mkdir(parents=True, exist_ok=True)
    _put_in_place(path, text)


def _put_in_place(path: Path, text: str) -> None:
    """Write a file whole: beside it first, synced, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _from_environment(env: Mapping[str, str]) -> dict[str, object]:
    names = {field.name for field in fields(Config)}
    return {
        name: env[PREFIX + name.upper()] for name in names if env.get(PREFIX + name.upper(), "")
    }


def _from_file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnsafeSetting(setting=path.name, reason=str(error)) from error
    names = {field.name for field in fields(Config)}
    for name in values:
        if name not in names:
            raise UnsafeSetting(setting=name, reason=f"there is no such setting in {path.name}")
    return dict(values)


def _parse(name: str, value: object) -> object:
    kinds = {field.name: field.type for field in fields(Config)}
    kind = kinds[name]
    try:
        if kind is bool:
            return str(value).strip().lower() in {"1", "true", "yes", "on"}
        if kind is int:
            return int(str(value))
        if name == "hosts":
            return tuple(str(value).replace(",", " ").split()) if isinstance(value, str) else value
    except ValueError as error:
        raise UnsafeSetting(setting=PREFIX + name.upper(), reason=str(error)) from error
    return str(value)


def _with_driver(uri: str) -> str:
    """Plain PostgreSQL addresses mean psycopg 3, whichever default SQLAlchemy has."""
    for scheme in ("postgresql://", "postgres://"):
        if uri.startswith(scheme):
            return "postgresql+psycopg://" + uri.removeprefix(scheme)
    return uri


def _absolute(uri: str) -> str:
    """An SQLite file by its absolute path, so that its locks stand beside it wherever we start."""
    if not uri.startswith("sqlite"):
        return uri
    path = uri.partition(":///")[2].partition("?")[0]
    if path in {"", ":memory:"}:
        reason = "it names no file; the database must outlive the process"
        raise UnsafeSetting(setting="TALLYCARD_DATABASE", reason=reason)
    return f"sqlite:///{Path(path).expanduser().resolve()}"


def _kept_key(path: Path) -> str:
    """The key of this deployment, made on first use and readable by its owner only."""
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    key = secrets.token_hex(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key


def _refuse_unsafe(config: Config) -> None:
    if len(config.secret_key) < SHORTEST_KEY:
        reason = f"it needs at least {SHORTEST_KEY} characters"
        raise UnsafeSetting(setting="TALLYCARD_SECRET_KEY", reason=reason)
    if urlsplit(config.url).scheme not in {"http", "https"}:
        raise UnsafeSetting(setting="TALLYCARD_URL", reason="it starts with http:// or https://")
    _refuse_unless(r"([01]\d|2[0-3]):[0-5]\d", "BACKUP_AT", config.backup_at, "it is like 02:30")
    _refuse_unless(
        r"\d{1,3} \d{1,3} \d{1,3}", "BACKUP_KEEP", config.backup_keep, "it is like 14 8 12"
    )
    if config.backup_to and not Path(config.backup_to).is_absolute():
        raise UnsafeSetting(setting="TALLYCARD_BACKUP_TO", reason="it is an absolute path")
    _refuse_unless(
        APPROVALS, "APPROVALS", config.approvals,
        "it is like scrap: principal, bureau_officer >= 500; transfer: principal",
    )  # fmt: skip
    if config.patience_s < 1:
        raise UnsafeSetting(setting="TALLYCARD_PATIENCE_S", reason="it is at least 1")
    for name in ("session_idle_hours", "session_days", "attachment_megabytes"):
        if getattr(config, name) < 1:
            raise UnsafeSetting(setting=PREFIX + name.upper(), reason="it is at least 1")
    if config.language not in {"zh-CN", "en"}:
        raise UnsafeSetting(setting="TALLYCARD_LANGUAGE", reason="it is zh-CN or en")


def _refuse_unless(form: str, name: str, value: str, reason: str) -> None:
    if not re.fullmatch(form, value):
        raise UnsafeSetting(setting=PREFIX + name, reason=reason)


# --- the settings file ---------------------------------------------------------------------


def without_settings(text: str, names: Collection[str]) -> str:
    """Return the text of a settings file without the lines that set these names."""
    lines = [line for line in text.splitlines() if _name_in(line) not in names]
    kept = "\n".join(lines) + "\n" if lines else ""
    values = tomllib.loads(kept)
    return kept if not set(values) & set(names) else ""


def _name_in(line: str) -> str:
    """The name that a line of the settings file sets, quoted or not; empty for other lines."""
    return line.partition("=")[0].strip().strip("\"'") if "=" in line else ""
