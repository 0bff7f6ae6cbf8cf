"""The names of IPython that the extension needs: each is missed, by name, when the extension is loaded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import InteractiveShell

from helpers.notebook import ipython_internals as internals
from helpers.notebook.extension import load_ipython_extension


def shell(*, without: str = "") -> SimpleNamespace:
    """As much of a kernel's shell as is looked at, less one name."""
    names = {*internals.NEEDED, internals.NEEDED_OF_KERNEL, "kernel"} - {without}
    compiler = SimpleNamespace(**dict.fromkeys({internals.NEEDED_OF_COMPILER} - {without}))
    return SimpleNamespace(compile=compiler, **dict.fromkeys(names))


def test_a_shell_that_has_all_of_them():
    internals.check(shell())


@pytest.mark.parametrize("name", [*internals.NEEDED, internals.NEEDED_OF_COMPILER, internals.NEEDED_OF_KERNEL])
def test_each_name_is_missed_when_the_extension_is_loaded(name):
    message = rf"does not know IPython [\d.]+.*: it has no .*\.{name}\. Install"
    with pytest.raises(internals.UnknownIPython, match=message):
        load_ipython_extension(shell(without=name))


def test_a_terminal_has_no_kernel_and_needs_none_of_its_names():
    terminal = shell(without=internals.NEEDED_OF_KERNEL)
    del terminal.kernel
    internals.check(terminal)


def test_the_names_are_those_of_the_installed_ipython():
    later = [name for name in internals.NEEDED if not hasattr(InteractiveShell, name)]
    assert later == ["custom_exceptions", "CustomTB"]           # which a shell has when it is made
    assert issubclass(ZMQInteractiveShell, InteractiveShell)


def test_an_error_is_the_compilers_only_if_nothing_ran():
    class Shell:
        def run_code(self, source: str) -> None:
            exec(source)

    def fails(action) -> tuple[BaseException, object]:
        with pytest.raises(Exception) as caught:
            action()
        return caught.value, caught.value.__traceback__

    ip = Shell()
    assert internals.is_no_program(ip, *fails(lambda: compile("1 +", "cell", "exec")))
    assert internals.is_no_program(ip, *fails(lambda: compile("1\0", "cell", "exec")))
    assert not internals.is_no_program(ip, *fails(lambda: ip.run_code("compile('1 +', 'cell', 'exec')")))
    assert not internals.is_no_program(ip, *fails(lambda: [].pop()))
