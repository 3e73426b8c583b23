"""Words that identify nobody, however often a name or a title holds them."""

from __future__ import annotations


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


FORMS = _set_of("""
    anak berhad bhd bin binti co company corp dato datuk encik gmbh group inc kumpulan limited llp
    ltd plc plt pte puan sdn sri syarikat tan
""")
"""Legal forms and forms of address. Words that many firms share are found in the data."""

PLAIN = _set_of("""
    about above after again against also among another before below between both does down during
    each even every explain first from have help into itself last less look many more most much
    must near never next once only other over same should show since some still such tell than
    that their them then there these they this those through time under until used using very
    want well were what when where which while will with within without would your

    adalah agar akan akhir antara apabila atau awal bagi bahawa baik banyak baru beberapa belum
    berada boleh bukan dalam dapat dari daripada dengan hanya harus hingga ialah itulah jika juga
    kepada kerana kita lagi lain lebih lepas mana masa masih melalui mereka mesti muka namun oleh
    pada paling perlu pula saja sama sangat saya sebagai sebelum secara sedang sehingga sekali
    selepas semasa semua seperti serta setiap sudah supaya tanpa telah tentang terhadap tetapi
    tiada tidak untuk walaupun yang
""")
"""What stands in any sentence of either language."""
