# The words of the shell in Polish.
# Signing in

sign-in = Zaloguj się
sign-in-lead = Klienci, zamówienia, zapasy, produkcja i księgi pod jednym dachem.
sign-in-login = E-mail
sign-in-password = Hasło
sign-in-code-link = Mam kod jednorazowy
sign-in-over = Sesja wygasła. Po ponownym zalogowaniu można kontynuować w tym samym miejscu.
sign-out = Wyloguj się
first-title = Witamy. Czas utworzyć pierwszego administratora.
first-lead = Konsola, na której uruchomiono serwer, wyświetla kod jednorazowy. Kto go zna, tworzy pierwszego administratora.
first-code = Kod jednorazowy
first-name = Imię i nazwisko
first-password-help = Co najmniej 15 znaków. Cztery słowa to dobre hasło.
first-do = Utwórz administratora
code-title = Ustaw hasło
code-lead = Kod od administratora działa tylko raz.
code-new-password = Nowe hasło
code-do = Ustaw hasło
code-done = Hasło zostało ustawione. Można się nim zalogować.
first-done = Administrator został utworzony. Można się zalogować.

# The frame
skip = Przejdź do treści
home = Strona główna
menu-shared = Dane wspólne
menu = Menu
search = Szukaj
search-hint = Szukaj lub wykonaj …
find-nothing = Niczego nie znaleziono dla „{ $words }”.
find-more = Wszystkie: { $model }
company-switch = Pracuj w firmie
account-own = Konto
theme = Motyw
theme-auto = Jak w systemie
theme-light = Jasny
theme-dark = Ciemny
density = Gęstość
density-comfortable = Swobodna
density-compact = Zwarta
years = Lata
years-buddhist = Era buddyjska
years-common = Nasza era
language = Język
close = Zamknij
cancel = Anuluj
back = Wstecz
yes = Tak
no = Nie
no-number = Jeszcze bez numeru
recent = Ostatnie
recent-none = Tutaj pojawiają się otwierane rekordy.
shortcuts = Skróty klawiszowe
shortcuts-anywhere = Wszędzie
shortcuts-list = Na liście
shortcuts-form = W formularzu
key-palette = Szukaj, przejdź, wykonaj
key-search = Przeszukaj tę listę
key-new = Nowy rekord
key-help = Ta ściągawka
key-home = Strona główna
key-up-down = Następny, poprzedni wiersz
key-open = Otwórz wiersz
key-select = Zaznacz wiersz
key-save = Zapisz
key-edit = Pierwsze pole
key-add-line = Dodaj pozycję
key-back = Wstecz
key-letters = Pojedyncze litery działają poza polami.
palette-go = Przejdź do
palette-new = Nowy rekord: { $model }
palette-act = Wykonaj

# Home
home-title = Dzień dobry, { $name }
home-activities = Twoje aktywności
home-activities-none = Nie ma nic z terminem. Tutaj pojawiają się przypisane Ci aktywności.
home-overdue = po terminie
home-today = dziś
home-start = Zacznij tutaj
home-nothing = Twoje role niczego jeszcze nie otwierają. O rolę należy poprosić administratora.

# Lists
list-new = Utwórz
list-filters = Filtry
list-filter-expression = Warunek
list-filter-help = Jak w API, np. total > 1000.0 && state == 'draft'
list-apply = Zastosuj
list-clear = Wyczyść wszystko
list-remove = Usuń: { $what }
list-columns = Kolumny
list-columns-move-up = Przesuń w górę
list-columns-move-down = Przesuń w dół
list-columns-reset = Przywróć początkowe
list-group = Grupuj według
list-group-none = Bez grupowania
list-views = Widoki
list-view-all = Wszystkie
list-view-save = Zapisz ten widok
list-view-name = Nazwa
list-view-shared = Dla wszystkich
list-view-delete = Usuń ten widok
list-export = Eksport
list-export-xlsx = Excel (XLSX)
list-export-csv = CSV
export-limited = Plik kończy się tutaj, po { $count } wierszach. Zawęź listę, aby otrzymać resztę.
list-kanban = Tablica
list-list = Lista
list-next = Następna strona
list-end = To już wszystko.
list-select = Zaznacz: { $title }
list-select-all = Zaznacz wszystkie widoczne
list-selected = Zaznaczone
list-delete = Usuń
list-count =
    { $count ->
        [one] { $shown } rekord
        [few] { $shown } rekordy
        [many] { $shown } rekordów
       *[other] { $shown } rekordu
    }
list-empty = Brak rekordów: { $model }.
list-empty-new = Utwórz pierwszy rekord
list-empty-found = Nic nie pasuje.
list-empty-found-lead = Można usunąć filtr lub wyszukać mniej słów.
list-any = Dowolne
list-none = (brak)
list-total = Razem
list-records = Rekordy
list-changed = Ktoś zmienił tę listę.
list-reload = Pokaż
list-done =
    { $count ->
        [one] Wykonano dla { $count } rekordu.
        [few] Wykonano dla { $count } rekordów.
        [many] Wykonano dla { $count } rekordów.
       *[other] Wykonano dla { $count } rekordu.
    }
list-failed =
    { $count ->
        [one] { $count } rekord odrzucono:
        [few] { $count } rekordy odrzucono:
        [many] { $count } rekordów odrzucono:
       *[other] { $count } rekordu odrzucono:
    }
search-list = Szukaj: { $model }

# Forms
form-new = Nowy rekord: { $model }
form-save = Zapisz
form-discard = Odrzuć zmiany
form-duplicate = Duplikuj
form-delete = Usuń
form-delete-sure = Usunąć na stałe?
form-more = Więcej
form-saved = Zapisano.
form-unsaved = Nie zapisano
form-required = wymagane
form-problems =
    { $count ->
        [one] Jedna rzecz stoi na przeszkodzie:
        [few] { $count } rzeczy stoją na przeszkodzie:
        [many] { $count } rzeczy stoi na przeszkodzie:
       *[other] { $count } rzeczy stoi na przeszkodzie:
    }
form-not-now = Teraz niemożliwe: { $why }
form-wrong-state = Możliwe, gdy status to: { $states }.
form-related = Powiązane
form-details = Więcej pól
form-created = Utworzono
form-changed-at = Zmieniono
form-id = ID
form-changed = Ktoś zmienił ten rekord.
form-read-only = Ten rekord jest tylko do odczytu.
form-gone = Ktoś usunął ten rekord.
conflict-title = Zmieniono w międzyczasie
conflict-lead = Ktoś zapisał ten rekord w trakcie Twojej pracy nad nim. Należy wybrać, pole po polu, co ma obowiązywać.
conflict-field = Pole
conflict-theirs = Obecnie w rekordzie
conflict-mine = Twoje
conflict-save = Zapisz mój wybór
conflict-drop = Zachowaj obecne
lines-add = Dodaj pozycję
lines-remove = Usuń pozycję { $number }
lines-none = Brak pozycji.
link-choose = Wybierz …
link-create = Utwórz „{ $name }”
link-none = Niczego nie znaleziono
tags-help = Rozdzielaj średnikami.
file-choose = Wybierz plik
file-none = Brak pliku
json-help = JSON

# Timeline
timeline = Oś czasu
timeline-note-add = Napisz notatkę
timeline-note-do = Dodaj notatkę
timeline-activity = Zaplanuj aktywność
timeline-activity-done = Wykonane
timeline-drop = Upuść tu pliki lub je wybierz
timeline-none = Nic się jeszcze nie wydarzyło.
timeline-created = – utworzono
timeline-updated = – zmieniono
timeline-lines = poz.
timeline-due = termin: { $date }
timeline-empty-value = puste

# Boards
board-add = Dodaj
board-move = Przenieś do
board-more =
    { $count ->
        [one] Jeszcze { $count }
        [few] Jeszcze { $count }
        [many] Jeszcze { $count }
       *[other] Jeszcze { $count }
    }
board-none = Nic tu nie ma
board-moved = { $title } – teraz: { $column }.

# Errors
error-403-title = Brak uprawnień
error-404-title = Nic tu nie ma
error-404-lead = Być może zostało usunięte, należy do innej firmy albo Twoje role go nie pokazują.
error-409-title = Ktoś był szybszy
error-409-lead = Po ponownym odczytaniu można powtórzyć tę czynność.
error-422-title = Coś wymaga poprawienia
error-429-title = Zbyt wiele prób
error-500-title = Coś się tu nie powiodło
error-500-lead = To nie Twoja wina i nic nie zostało wykonane połowicznie. Operator znajdzie to w dzienniku zdarzeń pod numerem poniżej.
error-503-title = Chwilowo niedostępne
error-503-lead = Można spróbować ponownie za kilka sekund.
error-home = Na stronę główną
error-request = Żądanie { $id }
form-print = Drukuj
printed-page = Strona { $page } z { $pages }
printed-carried = Do przeniesienia
printed-brought = Z przeniesienia
printed-draft = Projekt

related-new = Nowy na tej podstawie
options-title = Opcje
options-of = Opcje produktu { $name }
options-help = grupa.opcja; grupa.opcja
options-choose = Wybierz …
options-none = Ten produkt nie ma nic do wyboru.
options-no-product = Nie ma jeszcze produktów do skonfigurowania.
options-quantity = Ilość
options-up-to = wybierz najwyżej { $most }
options-from-to = wybierz od { $least } do { $most }
options-nothing = nic
options-not-possible = Tak się nie da:
options-price = Cena
options-of-one = Za jedną sztukę
options-of-all = Za { $quantity }
options-ready = Może być gotowe
options-ready-unknown = Nikt tu tego nie produkuje ani nie kupuje, więc nie da się podać dnia.
options-parts = Czego potrzeba
options-part = Część
options-wanted = Potrzeba
options-free = Wolne
options-short = Brakuje
options-look = Przelicz
options-take = Nowy dokument: { $model }
options-use = Użyj tego wyboru
# Reports
reports = Raporty
reports-none = Twoje role nie otwierają żadnego raportu.
report-ask = Podaj, co chcesz zobaczyć.
report-empty = Nie ma nic do pokazania.
report-empty-lead = Nic nie zapisano dla tego zapytania. Spróbuj innych dni albo mniej warunków.
report-show = Pokaż
report-more = Spojrzenie wstecz
report-against = Porównaj z
report-against-none = Bez porównania
report-previous-period = Poprzedni okres
report-previous-year = Poprzedni rok
report-before = Przedtem
report-change = Zmiana
chart-some = Na wykresie { $shown } z { $all }; wszystkie są w tabeli.
entry-title = Zapis { $number }
entry-text = Opis
entry-document = Dokument
entry-journal = Dziennik
entry-by = Kto
entry-posted = Zaksięgowano
entry-wanted = Data dokumentu
entry-reverses = Storno zapisu
entry-sequence = W księdze
entry-account = Konto
entry-of = Kogo lub czego
entry-amount = Ilość
entry-debit = Winien
entry-credit = Ma
report-currency = Waluta

# Charts and pivots
list-chart = Wykres
list-pivot = Tabela przestawna
chart-none = Nie ma jeszcze nic do narysowania.
span-month = miesiąc
span-quarter = kwartał
span-year = rok
pivot-rows = Wiersze
pivot-columns = Kolumny
pivot-measure = Sumy
pivot-cut = Nie wszystkie wartości są widoczne, ale sumy obejmują wszystkie. Zawęź listę.
pivot-too-many = Jest ponad { $count } rekordów. Najpierw zawęź listę.

# Dashboards
dashboards = Pulpity
dashboard-open = Otwórz
dashboard-all = Wszystkie
dashboard-nothing = Jeszcze nic.
dashboard-month-before = w zeszłym miesiącu
dashboard-quarter-before = w zeszłym kwartale
dashboard-year-before = w zeszłym roku
