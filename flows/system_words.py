"""What the system and its libraries say went wrong, in Chinese for whoever runs the program."""

from __future__ import annotations

import errno

_REASONS = {
    errno.EACCES: "没有读写权限。",
    errno.EPERM: "没有读写权限。",
    errno.EEXIST: "已有同名的文件或文件夹。",
    errno.EISDIR: "是文件夹，请给出文件名。",
    errno.ENOENT: "找不到该文件或文件夹。",
    errno.ENOSPC: "磁盘空间已满。",
    errno.EDQUOT: "磁盘配额已用完。",
    errno.EFBIG: "文件超过系统允许的大小，无法继续写入。",
    errno.ENOTDIR: "路径中有一段是文件而不是文件夹。",
    errno.EROFS: "磁盘只读，无法写入。",
    errno.EIO: "磁盘读写出错，请检查存储设备。",
    errno.ELOOP: "是链接（快捷方式），请使用文件本身。",
    errno.ENAMETOOLONG: "路径过长。",
}
_SAID = (
    ("No space left on device", errno.ENOSPC),
    ("Disk quota exceeded", errno.EDQUOT),
    ("File too large", errno.EFBIG),
    ("Read-only file system", errno.EROFS),
    ("Permission denied", errno.EACCES),
    ("Input/output error", errno.EIO),
    ("database or disk is full", errno.ENOSPC),
)


def explain_error(error: OSError) -> str:
    """One Chinese sentence for an error of the system."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def explain_machine_fault(error: BaseException) -> str | None:
    """The sentence for an error of the machine that a library tells in words of its own, wherever in its chain of causes."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _REASONS:
            return explain_error(seen)
        text = str(seen)
        for words, number in _SAID:
            if words in text:
                return _REASONS[number]
        seen = seen.__cause__ or seen.__context__
    return None
