"""Where things are and who is told: settings from the environment (NIANBAO_…) and the folders below the home."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

import polars as pl
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from expectations.rulebook.rulebook import RuleBook, load_rules
from warehouse.catalogue.amended import apply_amendments
from warehouse.catalogue.contacts import Contacts, load_contacts
from warehouse.catalogue.load import DEFAULT_FOLDER, Catalogue, load_catalogue
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.amendments import list_amendments
from warehouse.ledger.archive import Archive
from warehouse.ledger.durability import make_folder
from warehouse.ledger.journal import Journal
from warehouse.ledger.journal_file import JournalFile
from warehouse.ledger.journal_lines import JournalLines
from warehouse.store.publish import build_path


@lru_cache(maxsize=1)
def read_code_version() -> str:
    """The version of the installed program; looked up once, since that reads files."""
    return version("nianbao")


THREADS, PROCESSES, DASK = "threads", "processes", "dask"
"""Where parts of a night run: in this process, in others of this machine, on workers (``dask:`` and an address)."""


class SettingRefused(Exception):
    """A variable of the environment has a value that it cannot have; one Chinese sentence, without the value."""


class Settings(BaseSettings):
    """Environment variables, all optional: NIANBAO_HOME, NIANBAO_CATALOGUE, NIANBAO_ALERTS, NIANBAO_WORKERS and others."""

    model_config = SettingsConfigDict(env_prefix="NIANBAO_", extra="ignore", hide_input_in_errors=True)

    home: Path = Path("./data")
    catalogue: Path = DEFAULT_FOLDER
    alerts: str = Field(
        default="",
        repr=False,
        description="Apprise URLs of the administrators, separated by spaces or commas",
    )
    inbox: str = Field(
        default="", repr=False, description="where files are fetched from besides: flows.fetching.sources"
    )
    journal: str = Field(
        default="",
        repr=False,
        description="the database in which the journal rests, as postgresql://user@host/name?office=…; else a file of the home",
    )
    archive: str = Field(
        default="",
        repr=False,
        description="where received files are kept for all machines: a folder, or an sftp:// or s3:// address",
    )
    outbox: str = Field(
        default="",
        repr=False,
        description="where the outbox is copied to: a folder, or an sftp:// or s3:// address",
    )
    sftp_key: Path | None = None
    sftp_known_hosts: Path | None = None
    sftp_password: SecretStr = SecretStr("")
    imap_ca: Path | None = None
    imap_password: SecretStr = SecretStr("")
    deadman: str = Field(
        default="",
        repr=False,
        description="Apprise URLs that are told when nights fail to happen; else those of `alerts`",
    )
    workers: int = Field(default_factory=lambda: max(1, min(4, os.cpu_count() or 1)))
    part_size: int = Field(
        default=100, ge=1, description="how many workbooks at most are read and judged together"
    )
    task_runner: str = Field(
        default=THREADS,
        pattern=rf"^({THREADS}|{PROCESSES}|{DASK}(:.+)?)$",
        description="where parts of a night run: flows.partitions.part_runner",
    )
    work: str = Field(
        default="", repr=False, description="where parts leave what they made: a folder or an s3:// address"
    )
    keep_work_days: int = Field(default=30, ge=0, description="how long parts that no night reads stay")
    quiet_seconds: float = Field(
        default=5.0,
        ge=0,
        description="how long a file in the inbox must have been left alone to count as finished",
    )
    smtp: str = Field(
        default="", repr=False, description="where mails are handed in: smtps://user@host:465/?from=address"
    )
    smtp_ca: Path | None = Field(default=None, description="who signed the mail server's certificate")
    retry_seconds: tuple[float, ...] = Field(
        default=(10.0, 60.0, 180.0), description="how long to wait before each further try of a channel"
    )
    backup: str = Field(
        default="",
        repr=False,
        description="where each night backs up to: a folder, or an sftp:// or s3:// address",
    )
    publish: str = Field(
        default="",
        repr=False,
        description="the lake that each night publishes into besides the file: flows.lake.address",
    )
    keep_digest_days: int = Field(default=731, ge=1, description="how long digests stay")
    keep_answer_days: int = Field(
        default=1096,
        ge=1,
        description="how long receipts and correction workbooks of past years stay unpacked",
    )
    keep_replaced_days: int = Field(
        default=366, ge=1, description="how long replaced correction workbooks stay"
    )
    site: bool = Field(
        default=True, description="whether each night brings pages, bulletin and yearbook in site/ up to date"
    )
    actor: str = Field(default="nianbao", description="who the journal names for what the night does")

    @field_validator("journal")
    @classmethod
    def _require_postgres(cls, address: str) -> str:
        if address and not address.startswith(("postgresql://", "postgres://")):
            raise ValueError("not an address of PostgreSQL")
        return address


def read_settings() -> Settings:
    """The settings of the environment. SettingRefused."""
    try:
        return Settings()
    except (ValidationError, SettingsError) as error:
        places = error.errors() if isinstance(error, ValidationError) else []
        names = "、".join(sorted({f"NIANBAO_{place['loc'][0]}".upper() for place in places})) or "NIANBAO_…"
        raise SettingRefused(f"环境变量 {names} 的值无法使用，请核对写法。") from None


OWNER_FOLDER = 0o700


class Home:
    """The folders of one installation; made on first use.

    ``journal_address``: of the database in which its journal rests; "" for the file ``journal``. ``archive_address``: of
    the place that keeps its archive for other machines too; "" for none.
    """

    def __init__(self, root: Path, journal_address: str = "", archive_address: str = "") -> None:
        self.root = root.absolute()
        self.journal_address = journal_address
        self.archive_address = archive_address
        self.inbox = self.root / "inbox"
        self.outbox = self.root / "outbox"
        self.archive = self.root / "archive"
        self.journal = self.archive / "journal.jsonl"
        self.database = self.root / "warehouse.duckdb"
        self.restricted = self.root / "warehouse.restricted.duckdb"
        self.building = build_path(self.restricted)
        self.warehouses = (self.restricted, self.database)
        self.site = self.root / "site"
        self.told = self.root / "told"
        self.fetched = self.root / "fetched"
        self.work = self.root / "work"

    @property
    def whole_database(self) -> Path:
        """The warehouse with all counts, where there is one and this user may read it; else the published one."""
        return self.restricted if os.access(self.restricted, os.R_OK) else self.database

    def find_journal(self) -> JournalLines:
        """Where the lines of the journal rest: whoever reads or writes it, whatever for, asks here. JournalUnreachable."""
        if not self.journal_address:
            return JournalFile(self.journal)
        from flows.places.journal_table import JournalTable  # only here: the library of the database

        return JournalTable(self.journal_address, self.journal)

    def read_journal(self) -> Journal:
        """The journal as it is now, to be read only. JournalBroken, OSError."""
        return Journal(self.find_journal(), read_only=True)

    def find_archive(self) -> Archive:
        """The archive: whoever reads or writes it, whatever for, asks here. DestinationFailed for an address that is none."""
        if not self.archive_address:
            return Archive(self.archive)
        from flows.places.shared_objects import SharedObjects  # only here: the libraries of such places

        return Archive(self.archive, SharedObjects(self.archive_address))

    def make(self) -> Home:
        """Create what is missing and return self."""
        for folder in (self.inbox, self.outbox, self.archive, self.site):
            make_folder(folder)
        self.work.mkdir(exist_ok=True)
        self.work.chmod(OWNER_FOLDER)  # what is not published rests there too
        return self


class Installation:
    """Settings with the catalogue and rule book they point to, each read once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home, settings.journal, settings.archive)

    @cached_property
    def declared_catalogue(self) -> Catalogue:
        """The city as its files declare it; CatalogueError names file and line."""
        return load_catalogue(self.settings.catalogue)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The city with what the journal says has happened since. CatalogueError, JournalBroken, AmendmentRefused."""
        if not self.home.find_journal().exists():
            return self.declared_catalogue
        return apply_amendments(self.declared_catalogue, list_amendments(self.home.read_journal().entries()))

    @cached_property
    def contacts(self) -> Contacts:
        """Who reports and who is told; CatalogueError names file and line."""
        known = self.declared_catalogue
        counties = known.registry.all_units.filter(pl.col("level") == "county")["org_code"]
        return load_contacts(self.settings.catalogue, {*counties, known.settings.city.code})

    @cached_property
    def readable_contacts(self) -> tuple[Contacts, str]:
        """The contacts and ''; where they cannot be read, nobody and why: a night does without them."""
        try:
            return self.contacts, ""
        except CatalogueError as error:
            return Contacts({}), str(error)

    def forget_catalogue(self) -> None:
        """Read catalogue and rules anew when next asked for: the journal says something else now."""
        for name in ("catalogue", "rulebook"):
            self.__dict__.pop(name, None)

    @cached_property
    def rulebook(self) -> RuleBook:
        """The general rules with those of the catalogue, which travel with it; CatalogueError names file and line."""
        return load_rules(None, self.catalogue)


@lru_cache(maxsize=8)
def find_installation(home: Path | None = None, catalogue: Path | None = None) -> Installation:
    """The installation of the environment's settings, or of the ones given."""
    settings = read_settings()
    given = {k: v for k, v in {"home": home, "catalogue": catalogue}.items() if v is not None}
    return Installation(settings.model_copy(update=given))
