"""The tables of docs/reliability.md are generated from the fault tests."""

from fault_table import BEGIN, DOCUMENT, rows, table


def test_the_table_of_faults_is_generated_from_the_tests() -> None:
    written = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2]
    assert written == f"\n\n{table(rows())}", "make record-faults writes it"


def test_a_row_is_one_line_of_a_table() -> None:
    for row in rows():
        assert str(row).count("|") == 5
        assert "\n" not in str(row)


def test_no_two_tests_have_the_same_name() -> None:
    names = [row.test for row in rows()]
    assert len(set(names)) == len(names)
