"""A plot on two logarithmic scales as SVG, readable on a light and on a dark page."""
import math
from html import escape

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 48, 56
LABEL_APART = 16
# Light and dark; of equal lightness each, told apart without red and green.
COLOURS = [("#000000", "#ffffff"), ("#c2410c", "#fb923c"), ("#0369a1", "#38bdf8"), ("#6d28d9", "#c4b5fd"),
           ("#047857", "#34d399"), ("#a16207", "#facc15"), ("#be185d", "#f472b6"), ("#475569", "#94a3b8"),
           ("#7f1d1d", "#fca5a5"), ("#155e75", "#67e8f9")]


class Scale:
    """Values of a logarithmic axis to points."""

    def __init__(self, values, begin, end):
        low, high = min(values), max(values)
        self.low, self.high = math.log10(low / 1.15), math.log10(high * 1.15)
        self.begin, self.end = begin, end

    def at(self, value):
        return self.begin + (self.end - self.begin) * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self, steps):
        found = []
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            found += [step * 10**power for step in steps if self.low <= math.log10(step * 10**power) <= self.high]
        return found


def style():
    def rules(theme):
        lines = [f".c{i}{{stroke:{colour[theme]}}}.t{i}{{fill:{colour[theme]}}}" for i, colour in enumerate(COLOURS)]
        return "".join([f".paper{{fill:{('#ffffff', '#0d1117')[theme]}}}", f".ink{{fill:{('#1f2328', '#e6edf3')[theme]}}}",
                        f".grid{{stroke:{('#d0d7de', '#30363d')[theme]}}}", *lines])
    return (f"<style>text{{font:13px sans-serif}}.big{{font-weight:bold}}.line{{fill:none;stroke-width:2}}{rules(0)}"
            f"@media (prefers-color-scheme:dark){{{rules(1)}}}</style>")


def spread_labels(ends):
    """Heights of the labels beside the lines' ends, none on another: `ends` are (height, number) pairs."""
    placed, lowest = {}, -math.inf
    for height, number in sorted(ends):
        lowest = max(height, lowest + LABEL_APART)
        placed[number] = lowest
    over = max(0, lowest - (HEIGHT - BOTTOM))
    return {number: height - over for number, height in placed.items()}


def axes(across, up, x_name, y_name):
    parts = []
    for value in across.ticks((1, 2, 5)):
        x = across.at(value)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
                     f'<text class="ink" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>')
    for value in up.ticks((1, 2, 5)):
        y = up.at(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                     f'<text class="ink" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    parts.append(f'<text class="ink" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">'
                 f'{escape(x_name)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="ink" transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">'
                 f'{escape(y_name)}</text>')
    return parts


def plot(title, x_name, y_name, lines):
    """`lines`: a name and (x, y) points each; the first ones are drawn over the others."""
    points = [point for _, line in lines for point in line]
    across = Scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = Scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
    heights = spread_labels([(up.at(line[-1][1]), number) for number, (_, line) in enumerate(lines)])
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
             f"<title>{escape(title)}</title>", style(), f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
             f'<text class="ink big" x="{LEFT}" y="26">{escape(title)}</text>', *axes(across, up, x_name, y_name)]
    for number, (name, line) in reversed(list(enumerate(lines))):
        colour = number % len(COLOURS)
        path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in line)
        end_x, end_y, label_x = across.at(line[-1][0]), up.at(line[-1][1]), WIDTH - RIGHT + 14
        parts.append(f'<polyline class="line c{colour}" points="{path}"/>')
        parts += [f'<circle class="t{colour}" cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" r="3"/>' for x, y in line]
        parts.append(f'<path class="c{colour}" stroke-dasharray="2 3" fill="none" '
                     f'd="M{end_x + 5:.1f} {end_y:.1f}L{label_x - 4} {heights[number]:.1f}"/>'
                     f'<text class="t{colour}" x="{label_x}" y="{heights[number] + 4:.1f}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
