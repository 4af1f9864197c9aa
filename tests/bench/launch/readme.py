"""Puts a part's report between its marks in tests/bench/README.md."""
import pathlib

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"


def write(part, text):
    page = README.read_text()
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->\n"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{README}: there is no place for '{part}': it lacks {begin.strip()} or {end.strip()}")
    README.write_text(f"{before}{begin}{text}\n{end}{after}")
