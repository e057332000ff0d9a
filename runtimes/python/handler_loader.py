"""Finds the function that a handler string such as `app.handlers.main` or `src/app.main` names."""

import importlib
import os
import sys

from failures import RuntimeFailure, user_frames


def set_search_path():
    """The function's own code first, then layers, then what the runtime brings."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    opt = os.environ.get("SELFSAME_LAYERS_ROOT", "/opt")
    os.environ.pop("SELFSAME_LAYERS_ROOT", None)
    own = [
        os.environ["LAMBDA_TASK_ROOT"],
        f"{opt}/python/lib/{version}/site-packages",
        f"{opt}/python",
    ]
    runtime = os.path.dirname(os.path.abspath(__file__))
    # The bootstrap's own folder goes to the end: a function's `channel.py` must not meet ours.
    sys.path[:] = own + [entry for entry in sys.path if entry not in own and entry != runtime]


def load_handler(handler):
    module_name, _, function_name = handler.rpartition(".")
    if not module_name:
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFailure("Runtime.ImportModuleError", f"Cannot use built-in module {module_name} as a handler module")
    module = import_module(module_name.replace("/", "."))
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise RuntimeFailure(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        ) from None


def import_module(name):
    forget_own_modules(name.split(".")[0])
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RuntimeFailure(
            "Runtime.ImportModuleError", f"Unable to import module '{name}': {error}", user_frames(error)
        ) from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}\n'
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}", [where]) from None


def forget_own_modules(name):
    """A function's module may be named like one of ours, which is loaded already."""
    module = sys.modules.get(name)
    own = os.path.dirname(os.path.abspath(__file__))
    if module is not None and os.path.dirname(getattr(module, "__file__", "") or "") == own:
        del sys.modules[name]
