"""Under which user, and where, the servers run: PostgreSQL refuses to run as root."""

import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

SYSTEM_FOLDER = Path("/var/lib/forum")
_SOCKET_NAME_BYTES = len("/.s.PGSQL.5432.lock")
_SOCKET_PATH_LIMIT = 107


class EmbeddedError(Exception):
    """Something stands in the way of the embedded servers; the message says what to do."""


class Account(msgspec.Struct, frozen=True):
    """The user that the servers run under, when it is not our own."""

    uid: int
    gid: int


class Home(msgspec.Struct, frozen=True):
    """The folder of the servers, the folder of their sockets, and their user (None: our own)."""

    folder: Path
    sockets: Path
    account: Account | None

    def own(self, path: Path, mode: int = 0o700) -> Path:
        """Make a folder that belongs to the servers' user."""
        path.mkdir(parents=True, exist_ok=True)
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
        path.chmod(mode)
        return path


def find_home(data_dir: Path, chosen: bool, say: Callable[[str], None]) -> Home:
    """The servers' home below `data_dir`; raises `EmbeddedError` when it cannot be used.

    As root the servers run as the folder's owner, else as `nobody`. A default folder that this user cannot
    reach (a checkout under a private home) moves to /var/lib/forum; one that was asked for by name is refused.
    """
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        home = _home(data_dir)
        if home.account and not can_enter(home.account, data_dir):
            if chosen:
                raise EmbeddedError(
                    f"{data_dir} lies under a folder that the user {home.account.uid} cannot enter, and PostgreSQL "
                    "does not run as root. Choose another FORUM_DATA_DIR, start Forum as an ordinary user, or set "
                    "FORUM_DATABASE_URL."
                )
            moved = SYSTEM_FOLDER / hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
            say(f"PostgreSQL cannot run as root and nobody else can enter {data_dir}: its data is in {moved}.")
            moved.mkdir(parents=True, exist_ok=True)
            home = _home(moved)
        home.own(home.folder)
        _make_socket_folder(home)
    except OSError as error:
        place = error.filename or data_dir
        raise EmbeddedError(f"Cannot use {place}: {error.strerror}. Choose another FORUM_DATA_DIR.") from error
    return home


def _home(data_dir: Path) -> Home:
    account = _account(data_dir / "servers") if os.geteuid() == 0 else None
    return Home(data_dir / "servers", _socket_folder(data_dir), account)


def can_enter(account: Account, folder: Path) -> bool:
    """Whether a user may pass through a folder and every folder above it, as far as they exist."""
    return all(_may_pass(account, path) for path in (folder.resolve(), *folder.resolve().parents) if path.exists())


def _may_pass(account: Account, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.gid else 0o001))


def reachable(home: Home, source: Path, beside: Sequence[Path] = ()) -> Path:
    """`source`, or a copy of it (and of what lies beside it) that the servers' user can reach; copied once."""
    if home.account is None or can_enter(home.account, source):
        return source
    root = home.folder / "programs"
    target = root / source.name
    if not target.exists():
        home.own(root, 0o755)
        for item in (item for item in (*beside, source) if not (root / item.name).exists()):
            fresh = root / f".{item.name}.{os.getpid()}"
            shutil.copytree(item, fresh, symlinks=True)
            fresh.rename(root / item.name)
    return target


def _account(folder: Path) -> Account:
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "PostgreSQL does not run as root and there is no user `nobody`. Start Forum as an ordinary user."
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


def _socket_folder(data_dir: Path) -> Path:
    """A short path that follows from the data folder: a socket's path has at most 107 bytes."""
    name = "forum-" + hashlib.sha256(f"{os.geteuid()} {data_dir}".encode()).hexdigest()[:16]
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - made with rights for its owner alone
        if len(os.fsencode(parent / name)) + _SOCKET_NAME_BYTES <= _SOCKET_PATH_LIMIT:
            return parent / name
    raise EmbeddedError("The folder for temporary files has too long a path for a socket. Set TMPDIR to a short one.")


def _make_socket_folder(home: Home) -> None:
    """Nobody else may have prepared the folder: whoever owns it could read and answer in the servers' place."""
    uid = home.account.uid if home.account else os.geteuid()
    if home.sockets.is_symlink() or (home.sockets.exists() and home.sockets.stat().st_uid not in (uid, os.geteuid())):
        raise EmbeddedError(f"{home.sockets} belongs to somebody else. Remove it, or set TMPDIR to another folder.")
    home.own(home.sockets)
