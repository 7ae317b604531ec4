import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bench.svg import Bar, bars

SVG = "{http://www.w3.org/2000/svg}"
values = st.floats(min_value=0, max_value=1e9, allow_nan=False)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C"])), values), max_size=5),
    st.none() | values,
)
def test_plots_are_well_formed_and_no_bar_leaves_the_picture(title: str, rows: list, cap: float | None) -> None:
    drawn = ET.fromstring(bars(title, "µs", [Bar(label, value, value, value) for label, value in rows], cap=cap))
    width = float(drawn.attrib["width"])
    rects = drawn.findall(f"{SVG}rect")
    assert len(rects) == len(rows)
    assert all(float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width for rect in rects)


def test_a_capped_bar_says_so() -> None:
    drawn = bars("CPU", "µs", [Bar("fast", 10, 9, 11, ours=True), Bar("slow", 8000, 8000, 8000)], cap=40)
    assert "8,000 µs (off the scale)" in drawn
    assert drawn.count('class="ours"') == 1
    assert drawn.count('class="spread"') == 1


def test_the_aim_is_drawn_only_where_it_fits() -> None:
    row = [Bar("a", 10, 10, 10)]
    assert 'class="target"' in bars("t", "s", row, target=5)
    assert 'class="target"' not in bars("t", "s", row, cap=4, target=5)
