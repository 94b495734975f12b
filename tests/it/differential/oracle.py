"""What CPython says, a line of JSON for each answer. Runs on every CPython from 3.8 on."""

import ast
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)


def python_files(folder):
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", "site-packages"))
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(above, name)


def syntax(folder):
    """Each file that `ast.parse` refuses, with the reason."""
    for path in python_files(folder):
        with open(path, "rb") as file:
            data = file.read()
        try:
            ast.parse(data)
        except Exception as error:
            print(json.dumps([path, "%s: %s" % (type(error).__name__, error)]))


def names(folder):
    """Where the symbol table of each file puts the names that its scopes use."""
    import symtable

    def tell(table, above, owner, found):
        kind, name = str(getattr(table.get_type(), "value", table.get_type())), table.get_name()
        path = above
        if kind in ("function", "class"):
            if name in ("listcomp", "setcomp", "dictcomp", "genexpr", "genexp"):
                path = above.rstrip("/") + "/"
            else:
                name = "<lambda>" if name in ("lambda", "<lambda>") else name
                path = ".".join(part for part in (above.rstrip("/"), name) if part)
        is_scope = kind in ("module", "function", "class")
        owner = name if kind == "class" else owner
        for symbol in table.get_symbols() if is_scope else ():
            word, mangled = symbol.get_name(), "_%s__" % (owner or "").lstrip("_")
            if owner and word.startswith(mangled):
                word = word[len(mangled) - 2 :]
            if word in ("__class__", "__classdict__", "__conditional_annotations__") or word.startswith("."):
                continue
            place = "Free" if symbol.is_free() else "Local" if symbol.is_local() and kind != "module" else "Global"
            found.append([path, word, place])
        for child in table.get_children():
            tell(child, path, owner, found)

    for path in python_files(folder):
        with open(path, "rb") as file:
            data = file.read()
        try:
            table = symtable.symtable(data, path, "exec")
        except Exception:
            continue
        found = []
        tell(table, "", None, found)
        print(json.dumps([path, found]))


def mro(path):
    """The order of method resolution of all classes of a module in this file."""
    namespace = {"__name__": "classes"}
    with open(path) as file:
        exec(file.read(), namespace)
    for name, value in sorted(namespace.items()):
        if isinstance(value, type) and value.__module__ == "classes":
            print(json.dumps([name, [entry.__name__ for entry in value.__mro__ if entry is not object]]))


def library(folder):
    """The same for the classes of modules of the standard library: by the file, names with their modules."""
    import importlib

    for name in json.load(sys.stdin):
        try:
            module = importlib.import_module(name)
        except Exception:
            continue
        for key, value in sorted(vars(module).items()):
            if isinstance(value, type) and value.__module__ == name and value.__qualname__ == key:
                print(json.dumps([name, module.__file__, key, [[entry.__module__, entry.__qualname__] for entry in value.__mro__]]))


def values():
    """What expressions are, or that they fail."""
    for number, text in enumerate(json.load(sys.stdin)):
        try:
            value = eval(text, {})
        except Exception as error:
            answer = "fails: %s" % error
        else:
            answer = value if isinstance(value, str) else repr(value) if abs_less(value) else "-huge" if value < 0 else "huge"
        print(json.dumps([number, answer]))


def abs_less(value):
    return not isinstance(value, int) or abs(value) < 1 << 126


def texts(folder):
    """What `tokenize.open` reads of each file in a folder."""
    import tokenize

    for name in sorted(os.listdir(folder)):
        try:
            with tokenize.open(os.path.join(folder, name)) as file:
                file = open(file.name, encoding=file.encoding, newline="")
                with file:
                    answer = file.read()
        except (SyntaxError, UnicodeError, LookupError) as error:
            print(json.dumps([name, None, "%s: %s" % (type(error).__name__, error)]))
        else:
            print(json.dumps([name, answer, ""]))


def codecs():
    """The names of all text encodings, with their aliases."""
    from codecs import lookup
    from encodings import aliases

    words = sorted(set(aliases.aliases) | set(aliases.aliases.values()))
    for word in words:
        try:
            is_text = lookup(word)._is_text_encoding
        except LookupError:
            continue
        print(json.dumps([word, is_text]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
