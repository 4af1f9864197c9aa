"""What a part has found: tables in Markdown, and bars that are met or missed."""
import dataclasses

TIMES = ("s", "ms", "µs")


@dataclasses.dataclass(frozen=True)
class Bar:
    what: str
    value: float
    limit: float
    at_least: bool = False  # else: at most
    unit: str = ""

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def missed_by_far(self, slower=1):
        """What no busy machine explains: under half of it, or over twice. Times are of a machine so much slower, and twice as much
        again: others' load stretches what crosses processes and waits for the disk more than it does a loop."""
        if self.at_least:
            return self.value < self.limit / 2
        return self.value > (4 * self.limit * max(1, slower) if self.unit in TIMES else 2 * self.limit)

    def row(self):
        sign = "≥" if self.at_least else "≤"
        unit = f" {self.unit}" if self.unit else ""
        return [self.what, f"{figure(self.value)}{unit}", f"{sign} {self.limit:g}{unit}",
                "met" if self.met else "**missed**"]


@dataclasses.dataclass
class Report:
    title: str
    text: list = dataclasses.field(default_factory=list)  # paragraphs and tables
    bars: list = dataclasses.field(default_factory=list)
    files: dict = dataclasses.field(default_factory=dict)  # beside launch.py: name, content

    def markdown(self, machine=""):
        parts = [f"### {self.title}", *([machine] if machine else []), *self.text]
        if self.bars:
            parts.append(table(["what it must reach", "here", "bar", ""], [bar.row() for bar in self.bars]))
        return "\n\n".join(parts)


def figure(value):
    """Three digits, and never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.095 else f"{value:.3f}"


def table(heads, rows):
    def line(cells):
        return "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(heads), "|" + "---|" * len(heads), *map(line, rows)])


def spread(values, digits=2):
    """From the least to the most."""
    return f"{min(values):.{digits}f}–{max(values):.{digits}f}"
