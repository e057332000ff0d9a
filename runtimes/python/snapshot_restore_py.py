"""The hooks of SnapStart that AWS's Python runtime offers under this name. Source: "Lambda SnapStart runtime hooks for Python"."""

_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """`func` runs before the snapshot is taken; the one registered last runs first. Also a decorator."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """`func` runs in every environment that is restored, in the order of registration. Also a decorator."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    return _before_snapshot


def get_after_restore():
    return _after_restore
