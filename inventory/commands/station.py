"""This module is about scan stations: `tallycard station` reads, shows, sends, and keeps."""

from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import application, as_json, emit, now, terminal_language

TOKEN_FILE = "station.token"  # noqa: S105 - the name of a file, not a secret


@click.command()
@click.option("--camera", metavar="N", help="A camera by number or name.")
@click.option("--video", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", "count_id", metavar="ID", help="Every scan is a sighting in this count.")
@click.option("--server", envvar="TALLYCARD_URL", default="http://127.0.0.1:8000",
              show_default=True, help="Address of the server.")  # fmt: skip
@click.option("--token", envvar="TALLYCARD_TOKEN", help="Made by “tallycard token add”.")
@click.option("--spool", type=click.Path(dir_okay=False, path_type=Path),
              help="Where scans wait until the server has them.")  # fmt: skip
@click.option("--decoder", type=click.Choice(["auto", "zxing", "pyzbar"]), default="auto",
              show_default=True)  # fmt: skip
@click.option("--no-send", is_flag=True, help="Only print what is read.")
@as_json
def station(
    camera: str | None,
    video: Path | None,
    images: Path | None,
    count_id: str | None,
    server: str,
    token: str | None,
    spool: Path | None,
    decoder: str,
    no_send: bool,
    json_: bool,
) -> int:
    """
    Read codes from a camera, a video or a folder of images and send them to the server.

    What cannot be sent waits on the disk, whatever happens to this computer. On the computer
    that holds the database no token is needed.

    \b
    $ tallycard station --camera 0
    $ tallycard station --images shelf/ --count 20000000194
    $ tallycard station --video walk.mp4 --no-send --json
    """
    import scanner

    source = _source(scanner, camera, video, images)
    try:
        if no_send:
            return _summed(scanner.run(source, None, None, on_event=_teller(json_),
                                       decoder=decoder), json_)  # type: ignore[arg-type]  # fmt: skip
        sender = scanner.HttpSender(server, token or _local_token(server))
        with scanner.Spool(_spool_file(spool)) as kept:
            summary = scanner.run(
                source, kept, sender, task=count_id, on_event=_teller(json_), decoder=decoder  # type: ignore[arg-type]
            )  # fmt: skip
        return _summed(summary, json_)
    except scanner.ReaderError as error:
        click.echo(str(error), err=True)
        return 5


def _source(scanner: Any, camera: str | None, video: Path | None, images: Path | None) -> Any:
    chosen = [one for one in (camera, video, images) if one is not None]
    if len(chosen) != 1:
        raise click.UsageError("Choose one of --camera, --video, --images.")
    if images is not None:
        return scanner.ImageFolder(images)
    if video is not None:
        return scanner.VideoFile(video)
    return scanner.Camera(int(camera) if camera and camera.isdigit() else camera)


def _spool_file(spool: Path | None) -> Path:
    if spool is not None:
        return spool
    from inventory.config import load

    folder = load().data / "spools"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "station.db"


def _local_token(server: str) -> str:
    """The token of this computer's own station, for this computer's own server alone."""
    import os
    from urllib.parse import urlsplit

    from inventory.config import load

    host = urlsplit(server).hostname
    if host not in {"127.0.0.1", "localhost", "::1", urlsplit(load().url).hostname}:
        raise click.UsageError(f"{server} is another computer: give --token.")
    path = load().data / TOKEN_FILE
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    from inventory.db import transact
    from inventory.identity.service import station_token
    from inventory.scope import OPERATOR

    with application():
        secret: str = transact(lambda session: station_token(session, OPERATOR, at=now()))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    return secret


def _teller(json_: bool) -> Any:
    """Print what happens: one JSON object a line, or a line for people."""
    import scanner

    chinese = terminal_language().startswith("zh")

    def tell(event: Any) -> None:
        line = _described(scanner, event)
        if line is None:
            return
        if json_:
            emit(line)
        else:
            click.echo(_line(line, chinese))

    return tell


def _described(scanner: Any, event: Any) -> dict[str, Any] | None:
    from scanner import events

    match event:
        case events.Read():
            return {"event": "read", "text": event.reading.text, "format": event.reading.format,
                    "decoder": event.reading.decoder, "frame": event.frame}  # fmt: skip
        case events.Answered():
            return {"event": "answered", "text": event.scan.payload, "outcome": event.outcome,
                    "target": event.target, "task": event.task}  # fmt: skip
        case events.Refused():
            return {"event": "refused", "text": event.scan.payload, "reason": event.reason}
        case events.Offline():
            return {"event": "offline", "reason": event.reason}
        case events.NotAllowed():
            return {"event": "not_allowed", "status": event.status, "reason": event.reason}
        case events.Skipped():
            return {"event": "skipped", "frame": event.name, "reason": event.reason}
    return None


def _line(line: dict[str, Any], chinese: bool) -> str:
    if line["event"] == "answered":
        target, task = line["target"] or {}, line["task"] or {}
        outcome = task.get("outcome") or line["outcome"]
        named = " ".join(target[key] for key in ("number", "name", "place") if target.get(key))
        return f"{_word(outcome, chinese)}\t{line['text']}\t{named}"
    rest = " ".join(str(value) for key, value in line.items() if key != "event" and value)
    return f"{_word(line['event'], chinese)}\t{rest}"


CHINESE = {
    "read": "读到", "seen": "已见", "match": "相符", "open": "数量待填", "again": "重复",
    "misplaced": "位置不符", "unknown": "未知", "place": "位置", "closed": "盘点已结束",
    "offline": "离线，已暂存", "refused": "被拒绝", "skipped": "跳过", "not_allowed": "无权限",
}  # fmt: skip


def _word(outcome: str, chinese: bool) -> str:
    return CHINESE.get(outcome, outcome) if chinese else outcome


def _summed(summary: Any, json_: bool) -> int:
    figures = {
        "frames": summary.frames, "read": summary.read, "sent": summary.sent,
        "waiting": summary.waiting, "refused": summary.refused,
    }  # fmt: skip
    if json_:
        emit({"event": "end", **figures})
    else:
        click.echo(" ".join(f"{name}={n}" for name, n in figures.items()))
    return 5 if summary.waiting else 1 if summary.refused else 0
