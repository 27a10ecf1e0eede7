"""What is printed and handed out, as `export` writes it: the bulletin."""

from __future__ import annotations

from pathlib import Path

from flows.cli.console import current_installation, fail, out


def export_bulletin(year: int, target: Path | None) -> None:
    """Write the bulletin of ``year``: for Word and as a page, or as the one that ``target`` says by its ending."""
    from flows.bulletin.bulletin import NothingToTell
    from flows.bulletin.write import WRITERS, name_bulletin, write_bulletin

    installation = current_installation()
    if target is not None and target.suffix and target.suffix.lower() not in WRITERS:
        raise fail(f"公报只能写成 {'、'.join(WRITERS)} 文件，不支持 {target.suffix}。")
    is_file = target is not None and bool(target.suffix)
    folder = Path() if target is None else target
    targets = [target] if target and is_file else [folder / name_bulletin(year, k[1:]) for k in WRITERS]
    try:
        write_bulletin(installation.home.database, installation.catalogue, year, targets)
    except NothingToTell as error:
        raise fail(str(error)) from error
    out.print(f"已写出{year}年度公报：{'、'.join(map(str, targets))}", soft_wrap=True, markup=False)
