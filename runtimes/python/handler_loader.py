"""Finds the function that a handler string such as `app.handlers.main` or `src/app.main` names."""

import importlib
import os
import sys

from failures import RuntimeFailure


def set_search_path():
    """The function's own code first, then layers, then what the runtime brings."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    opt = os.environ.pop("SELFSAME_LAYERS_ROOT", "/opt")
    own = [
        os.environ["LAMBDA_TASK_ROOT"],
        f"{opt}/python/lib/{version}/site-packages",
        f"{opt}/python",
    ]
    runtime = os.path.dirname(os.path.abspath(__file__))
    # Modules that stand where a package of the runtime is missing, and say why it is.
    packages = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    last = [runtime, *(os.path.join(entry, "selfsame-stand-ins") for entry in packages)]
    # Python has put the bootstrap's folder in front; behind everything else, no file of ours hides another.
    sys.path[:] = own + [entry for entry in sys.path if entry not in own and entry != runtime] + last


def load_handler(handler):
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from None
    module = import_module(module_name)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise RuntimeFailure(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        ) from None


def import_module(name):
    if name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFailure(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {name} as a handler module"
        )
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFailure("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}") from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise RuntimeFailure(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}", [where]
        ) from None
