# The words of the shell. Models, fields, states and actions are named in their TOML, and translated
# in the files of their modules: fondaco schema --texts kernel | sales | …
# A text in braces is filled in; what begins with { $count -> has a form for each plural.

# Signing in
sign-in = Sign in
sign-in-lead = Customers, orders, stock, production and books under one roof.
sign-in-login = E-mail
sign-in-password = Password
sign-in-code-link = I have a one-time code
sign-in-over = Your session is over. Sign in again to go on where you were.
sign-out = Sign out
first-title = Welcome. Make the first administrator.
first-lead = The console on which the server was started shows a one-time code. Whoever knows it makes the first administrator.
first-code = One-time code
first-name = Your name
first-password-help = 15 characters or more. Four words make a good one.
first-do = Make the administrator
code-title = Set a password
code-lead = The code from your administrator works once.
code-new-password = New password
code-do = Set the password
code-done = The password is set. Sign in with it.
first-done = The administrator is there. Sign in.

# The frame
skip = Skip to the content
home = Home
menu-shared = Shared data
menu = Menu
search = Search
search-hint = Search or do …
find-nothing = Nothing found for “{ $words }”.
find-more = All in { $model }
company-switch = Work in
account-own = Account
theme = Theme
theme-auto = As the system
theme-light = Light
theme-dark = Dark
density = Density
density-comfortable = Comfortable
density-compact = Compact
years = Years
years-buddhist = Buddhist era
years-common = Common era
language = Language
close = Close
cancel = Cancel
back = Back
yes = Yes
no = No
no-number = No number yet
recent = Recent
recent-none = Records that you open stand here.
shortcuts = Keyboard shortcuts
shortcuts-anywhere = Anywhere
shortcuts-list = In a list
shortcuts-form = In a form
key-palette = Search, go to, do
key-search = Search this list
key-new = New record
key-help = This sheet
key-home = Home
key-up-down = Next, previous row
key-open = Open the row
key-select = Select the row
key-save = Save
key-edit = First field
key-add-line = Add a line
key-back = Back
key-letters = Single letters work outside of fields.
palette-go = Go to
palette-new = New: { $model }
palette-act = Do

# Home
home-title = Good day, { $name }
home-activities = Your activities
home-activities-none = Nothing is due. Activities that are assigned to you stand here.
home-overdue = overdue
home-today = today
home-start = Start here
home-nothing = Your roles open nothing yet. Ask your administrator for a role.

# Lists
list-new = New
list-filters = Filters
list-filter-expression = Condition
list-filter-help = As in the API, such as total > 1000.0 && state == 'draft'
list-apply = Apply
list-clear = Clear all
list-remove = Remove: { $what }
list-columns = Columns
list-columns-move-up = Move up
list-columns-move-down = Move down
list-columns-reset = As at first
list-group = Group by
list-group-none = Not grouped
list-views = Views
list-view-all = All
list-view-save = Save this view
list-view-name = Name
list-view-shared = For everybody
list-view-delete = Delete this view
list-export = Export
list-export-xlsx = Excel (XLSX)
list-export-csv = CSV
export-limited = The file ends here, after { $count } rows. Narrow the list to get the rest.
list-kanban = Board
list-list = List
list-next = Next page
list-end = That is all.
list-select = Select { $title }
list-select-all = Select all shown
list-selected = Selected
list-delete = Delete
list-count =
    { $count ->
        [one] { $shown } record
       *[other] { $shown } records
    }
list-empty = There is no { $model } yet.
list-empty-new = Make the first one
list-empty-found = Nothing matches.
list-empty-found-lead = Take a filter away or search for fewer words.
list-any = Any
list-none = (none)
list-total = Total
list-records = Records
list-changed = Somebody has changed this list.
list-reload = Show
list-done =
    { $count ->
        [one] Done for { $count } record.
       *[other] Done for { $count } records.
    }
list-failed =
    { $count ->
        [one] { $count } record was refused:
       *[other] { $count } records were refused:
    }
search-list = Search { $model }

# Forms
form-new = New: { $model }
form-save = Save
form-discard = Discard
form-duplicate = Duplicate
form-delete = Delete
form-delete-sure = Delete this for good?
form-more = More
form-saved = Saved.
form-unsaved = Not saved
form-required = required
form-problems =
    { $count ->
        [one] One thing stands in the way:
       *[other] { $count } things stand in the way:
    }
form-not-now = Not possible now: { $why }
form-wrong-state = It is possible when the state is { $states }.
form-related = Related
form-details = More fields
form-created = Created
form-changed-at = Changed
form-id = Id
form-changed = Somebody has changed this record.
form-read-only = You may read this record.
form-gone = Somebody has deleted this record.
conflict-title = Changed meanwhile
conflict-lead = Somebody saved this record while you worked on it. Choose what shall hold, field by field.
conflict-field = Field
conflict-theirs = There now
conflict-mine = Yours
conflict-save = Save my choice
conflict-drop = Keep what is there
lines-add = Add a line
lines-remove = Remove line { $number }
lines-none = No lines yet.
link-choose = Choose …
link-create = Create “{ $name }”
link-none = Nothing found
tags-help = Separate by semicolons.
file-choose = Choose a file
file-none = No file
json-help = JSON

# Timeline
timeline = Timeline
timeline-note-add = Write a note
timeline-note-do = Add the note
timeline-activity = Plan an activity
timeline-activity-done = Done
timeline-drop = Drop files here, or choose them
timeline-none = Nothing has happened yet.
timeline-created = created this
timeline-updated = changed
timeline-lines = lines
timeline-due = due { $date }
timeline-empty-value = empty

# Boards
board-add = Add
board-move = Move to
board-more =
    { $count ->
        [one] { $count } more
       *[other] { $count } more
    }
board-none = Nothing here
board-moved = { $title } is now { $column }.

# Errors
error-403-title = Not allowed
error-404-title = There is nothing here
error-404-lead = It may have been deleted, or it belongs to another company, or your roles do not show it to you.
error-409-title = Somebody was faster
error-409-lead = Read it again; what you did can then be done anew.
error-422-title = Something is to be mended
error-429-title = Too many attempts
error-500-title = Something went wrong here
error-500-lead = It is not your doing, and nothing was half done. The operator finds it in the log under the number below.
error-503-title = Not reachable for the moment
error-503-lead = Try again in a few seconds.
error-home = To the home page
error-request = Request { $id }

# What stands in the way, by its code; the sentences of the program stand where no text does.
form-print = Print
printed-page = Page { $page } of { $pages }
printed-carried = Carried forward
printed-brought = Brought forward
printed-draft = Draft

related-new = New from here
options-title = Options
options-of = Options of { $name }
options-help = group.option; group.option
options-choose = Choose …
options-none = Nothing is to be chosen of this product.
options-no-product = There is no configurable product yet.
options-quantity = Quantity
options-up-to = choose up to { $most }
options-from-to = choose { $least } to { $most }
options-nothing = nothing
options-not-possible = Not possible like this:
options-price = Price
options-of-one = Of one
options-of-all = Of { $quantity }
options-ready = Can be there on
options-ready-unknown = Nobody makes or buys it here, so no day can be told.
options-parts = What it takes
options-part = Part
options-wanted = Needed
options-free = Free
options-short = Short
options-look = Look again
options-take = New: { $model }
options-use = Use this choice
# Reports
reports = Reports
reports-none = Your roles open no report.
report-ask = Say what you want to see.
report-empty = There is nothing to show.
report-empty-lead = Nothing was posted or entered for what you ask. Try other days or fewer conditions.
report-show = Show
report-more = Look back
report-against = Compare with
report-against-none = Nothing
report-previous-period = Period before
report-previous-year = Year before
report-before = Before
report-change = Change
chart-some = Drawn are { $shown } of { $all }; all stand in the table.
entry-title = Entry { $number }
entry-text = Text
entry-document = Document
entry-journal = Journal
entry-by = By
entry-posted = Posted
entry-wanted = Date of the document
entry-reverses = Reverses
entry-sequence = In the ledger
entry-account = Account
entry-of = Of whom or what
entry-amount = Amount
entry-debit = Debit
entry-credit = Credit
report-currency = Currency

# Charts and pivots
list-chart = Chart
list-pivot = Pivot
chart-none = There is nothing to draw here yet.
span-month = month
span-quarter = quarter
span-year = year
pivot-rows = Rows
pivot-columns = Columns
pivot-measure = Sums of
pivot-cut = Not all values are shown, but the sums are of all. Narrow the list to see fewer.
pivot-too-many = There are more than { $count } records. Narrow the list first.

# Dashboards
dashboards = Dashboards
dashboard-open = Open
dashboard-all = All
dashboard-nothing = Nothing yet.
dashboard-month-before = last month
dashboard-quarter-before = last quarter
dashboard-year-before = last year
