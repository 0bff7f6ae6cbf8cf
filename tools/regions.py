"""A part of a Markdown file that a tool writes: what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from __future__ import annotations

from tools import Problem


def replace_region(text: str, name: str, content: str, file: str = "README.md") -> str:
    """The text with what stands between the two markers called `name` replaced.

    Raises Problem, which names the `file`, if they are not there.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise Problem(f"{file} lacks the markers {begin} and {end}. What stands between them is generated.")
    return f"{before}{begin}\n{content}\n{end}{after}"
