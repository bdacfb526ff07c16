# The words of the shell in Thai.
# Signing in

sign-in = เข้าสู่ระบบ
sign-in-lead = ลูกค้า คำสั่งซื้อ สต็อก การผลิต และบัญชี รวมไว้ในที่เดียว
sign-in-login = อีเมล
sign-in-password = รหัสผ่าน
sign-in-code-link = ฉันมีรหัสใช้ครั้งเดียว
sign-in-over = เซสชันของคุณสิ้นสุดแล้ว โปรดเข้าสู่ระบบอีกครั้งเพื่อทำต่อจากเดิม
sign-out = ออกจากระบบ
first-title = ยินดีต้อนรับ โปรดสร้างผู้ดูแลระบบคนแรก
first-lead = คอนโซลที่ใช้เริ่มเซิร์ฟเวอร์แสดงรหัสใช้ครั้งเดียว ผู้ที่ทราบรหัสนี้สร้างผู้ดูแลระบบคนแรกได้
first-code = รหัสใช้ครั้งเดียว
first-name = ชื่อของคุณ
first-password-help = 15 อักขระขึ้นไป ใช้คำสี่คำรวมกันก็ดี
first-do = สร้างผู้ดูแลระบบ
code-title = ตั้งรหัสผ่าน
code-lead = รหัสจากผู้ดูแลระบบใช้ได้ครั้งเดียว
code-new-password = รหัสผ่านใหม่
code-do = ตั้งรหัสผ่าน
code-done = ตั้งรหัสผ่านแล้ว โปรดเข้าสู่ระบบด้วยรหัสผ่านนี้
first-done = สร้างผู้ดูแลระบบแล้ว โปรดเข้าสู่ระบบ

# The frame
skip = ข้ามไปยังเนื้อหา
home = หน้าแรก
menu-shared = ข้อมูลที่ใช้ร่วมกัน
menu = เมนู
search = ค้นหา
search-hint = ค้นหาหรือสั่งงาน …
find-nothing = ไม่พบสิ่งใดสำหรับ “{ $words }”
find-more = ทั้งหมดใน{ $model }
company-switch = ทำงานใน
account-own = บัญชีผู้ใช้
theme = ธีม
theme-auto = ตามระบบ
theme-light = สว่าง
theme-dark = มืด
density = ความหนาแน่น
density-comfortable = โปร่ง
density-compact = กระชับ
years = ปี
years-buddhist = พุทธศักราช
years-common = คริสต์ศักราช
language = ภาษา
close = ปิด
cancel = ยกเลิก
back = กลับ
yes = ใช่
no = ไม่ใช่
no-number = ยังไม่มีเลขที่
recent = ล่าสุด
recent-none = ระเบียนที่คุณเปิดจะแสดงที่นี่
shortcuts = แป้นพิมพ์ลัด
shortcuts-anywhere = ทุกที่
shortcuts-list = ในรายการ
shortcuts-form = ในแบบฟอร์ม
key-palette = ค้นหา ไปที่ สั่งงาน
key-search = ค้นหาในรายการนี้
key-new = ระเบียนใหม่
key-help = หน้านี้
key-home = หน้าแรก
key-up-down = แถวถัดไป แถวก่อนหน้า
key-open = เปิดแถว
key-select = เลือกแถว
key-save = บันทึก
key-edit = ฟิลด์แรก
key-add-line = เพิ่มรายการ
key-back = กลับ
key-letters = ปุ่มตัวอักษรเดี่ยวใช้ได้เมื่ออยู่นอกฟิลด์
palette-go = ไปที่
palette-new = สร้างใหม่: { $model }
palette-act = สั่งงาน

# Home
home-title = สวัสดี { $name }
home-activities = กิจกรรมของคุณ
home-activities-none = ไม่มีสิ่งที่ถึงกำหนด กิจกรรมที่มอบหมายให้คุณจะแสดงที่นี่
home-overdue = เกินกำหนด
home-today = วันนี้
home-start = เริ่มที่นี่
home-nothing = บทบาทของคุณยังเปิดอะไรไม่ได้ โปรดขอบทบาทจากผู้ดูแลระบบ

# Lists
list-new = สร้างใหม่
list-filters = ตัวกรอง
list-filter-expression = เงื่อนไข
list-filter-help = แบบเดียวกับใน API เช่น total > 1000.0 && state == 'draft'
list-apply = ใช้
list-clear = ล้างทั้งหมด
list-remove = นำออก: { $what }
list-columns = คอลัมน์
list-columns-move-up = เลื่อนขึ้น
list-columns-move-down = เลื่อนลง
list-columns-reset = กลับเป็นค่าเริ่มต้น
list-group = จัดกลุ่มตาม
list-group-none = ไม่จัดกลุ่ม
list-views = มุมมอง
list-view-all = ทั้งหมด
list-view-save = บันทึกมุมมองนี้
list-view-name = ชื่อ
list-view-shared = สำหรับทุกคน
list-view-delete = ลบมุมมองนี้
list-export = ส่งออก
list-export-xlsx = Excel (XLSX)
list-export-csv = CSV
export-limited = ไฟล์จบที่นี่หลัง { $count } แถว กรองรายการให้แคบลงเพื่อรับส่วนที่เหลือ
list-kanban = บอร์ด
list-list = รายการ
list-next = หน้าถัดไป
list-end = ครบทั้งหมดแล้ว
list-select = เลือก { $title }
list-select-all = เลือกทั้งหมดที่แสดง
list-selected = ที่เลือก
list-delete = ลบ
list-count =
    { $count ->
       *[other] { $shown } ระเบียน
    }
list-empty = ยังไม่มี{ $model }
list-empty-new = สร้างรายการแรก
list-empty-found = ไม่พบรายการที่ตรงกัน
list-empty-found-lead = ลองนำตัวกรองออกหรือค้นหาด้วยคำที่น้อยลง
list-any = ใดก็ได้
list-none = (ไม่มี)
list-total = ยอดรวม
list-records = ระเบียน
list-changed = มีผู้อื่นเปลี่ยนแปลงรายการนี้
list-reload = แสดง
list-done =
    { $count ->
       *[other] ดำเนินการแล้ว { $count } ระเบียน
    }
list-failed =
    { $count ->
       *[other] ดำเนินการไม่ได้ { $count } ระเบียน:
    }
search-list = ค้นหา{ $model }

# Forms
form-new = สร้างใหม่: { $model }
form-save = บันทึก
form-discard = ละทิ้ง
form-duplicate = ทำสำเนา
form-delete = ลบ
form-delete-sure = ต้องการลบอย่างถาวรหรือไม่
form-more = เพิ่มเติม
form-saved = บันทึกแล้ว
form-unsaved = ยังไม่ได้บันทึก
form-required = จำเป็น
form-problems =
    { $count ->
       *[other] มี { $count } สิ่งที่ต้องแก้ก่อน:
    }
form-not-now = ยังทำไม่ได้ในขณะนี้: { $why }
form-wrong-state = ทำได้เมื่อสถานะเป็น { $states }
form-related = ที่เกี่ยวข้อง
form-details = ฟิลด์เพิ่มเติม
form-created = สร้างเมื่อ
form-changed-at = แก้ไขเมื่อ
form-id = ID
form-changed = มีผู้อื่นเปลี่ยนแปลงระเบียนนี้
form-read-only = คุณดูระเบียนนี้ได้อย่างเดียว
form-gone = มีผู้ลบระเบียนนี้ไปแล้ว
conflict-title = มีการเปลี่ยนแปลงระหว่างนี้
conflict-lead = มีผู้อื่นบันทึกระเบียนนี้ขณะที่คุณทำงานอยู่ โปรดเลือกค่าที่จะใช้ทีละฟิลด์
conflict-field = ฟิลด์
conflict-theirs = ค่าปัจจุบัน
conflict-mine = ค่าของคุณ
conflict-save = บันทึกตามที่เลือก
conflict-drop = คงค่าปัจจุบันไว้
lines-add = เพิ่มรายการ
lines-remove = นำรายการที่ { $number } ออก
lines-none = ยังไม่มีรายการ
link-choose = เลือก …
link-create = สร้าง “{ $name }”
link-none = ไม่พบ
tags-help = คั่นด้วยเครื่องหมายอัฒภาค (;)
file-choose = เลือกไฟล์
file-none = ไม่มีไฟล์
json-help = JSON

# Timeline
timeline = ไทม์ไลน์
timeline-note-add = เขียนหมายเหตุ
timeline-note-do = เพิ่มหมายเหตุ
timeline-activity = วางแผนกิจกรรม
timeline-activity-done = เสร็จสิ้น
timeline-drop = วางไฟล์ที่นี่ หรือเลือกไฟล์
timeline-none = ยังไม่มีเหตุการณ์ใด
timeline-created = สร้างรายการนี้
timeline-updated = แก้ไข
timeline-lines = รายการ
timeline-due = ครบกำหนด { $date }
timeline-empty-value = ว่าง

# Boards
board-add = เพิ่ม
board-move = ย้ายไปที่
board-more =
    { $count ->
       *[other] อีก { $count }
    }
board-none = ไม่มีรายการ
board-moved = ย้าย { $title } ไปที่ { $column } แล้ว

# Errors
error-403-title = ไม่ได้รับอนุญาต
error-404-title = ไม่มีสิ่งใดที่นี่
error-404-lead = รายการนี้อาจถูกลบไปแล้ว เป็นของบริษัทอื่น หรือบทบาทของคุณไม่มีสิทธิ์ดู
error-409-title = มีผู้อื่นดำเนินการก่อน
error-409-lead = โปรดอ่านข้อมูลใหม่ แล้วทำอีกครั้ง
error-422-title = มีบางอย่างที่ต้องแก้ไข
error-429-title = ลองหลายครั้งเกินไป
error-500-title = เกิดข้อผิดพลาดในระบบ
error-500-lead = ไม่ใช่ความผิดของคุณ และไม่มีสิ่งใดถูกทำค้างไว้ครึ่งทาง ผู้ดูแลเซิร์ฟเวอร์ค้นหาได้ในบันทึกระบบตามหมายเลขด้านล่าง
error-503-title = ใช้งานไม่ได้ชั่วคราว
error-503-lead = โปรดลองอีกครั้งในไม่กี่วินาที
error-home = ไปที่หน้าแรก
error-request = คำขอ { $id }

# What stands in the way, by its code; the sentences of the program stand where no text does.
form-print = พิมพ์
printed-page = หน้า { $page } จาก { $pages }
printed-carried = ยอดยกไป
printed-brought = ยอดยกมา
printed-draft = ฉบับร่าง

related-new = สร้างจากรายการนี้
options-title = ตัวเลือก
options-of = ตัวเลือกของ { $name }
options-help = กลุ่ม.ตัวเลือก; กลุ่ม.ตัวเลือก
options-choose = เลือก …
options-none = สินค้านี้ไม่มีตัวเลือก
options-no-product = ยังไม่มีสินค้าที่ปรับแต่งได้
options-quantity = จำนวน
options-up-to = เลือกได้ไม่เกิน { $most }
options-from-to = เลือก { $least } ถึง { $most }
options-nothing = ไม่เลือก
options-not-possible = เลือกแบบนี้ไม่ได้:
options-price = ราคา
options-of-one = ต่อหนึ่งหน่วย
options-of-all = สำหรับ { $quantity } หน่วย
options-ready = พร้อมได้ในวันที่
options-ready-unknown = ที่นี่ไม่มีใครผลิตหรือซื้อสินค้านี้ จึงบอกวันไม่ได้
options-parts = สิ่งที่ต้องใช้
options-part = ส่วนประกอบ
options-wanted = ต้องใช้
options-free = ว่าง
options-short = ขาด
options-look = ดูอีกครั้ง
options-take = สร้างใหม่: { $model }
options-use = ใช้ตัวเลือกนี้
# Reports
reports = รายงาน
reports-none = บทบาทของคุณยังไม่เปิดรายงานใด
report-ask = ระบุสิ่งที่ต้องการดู
report-empty = ไม่มีข้อมูลให้แสดง
report-empty-lead = ยังไม่มีรายการตามที่ถาม ลองเปลี่ยนวันหรือลดเงื่อนไข
report-show = แสดง
report-more = มองย้อนหลัง
report-against = เปรียบเทียบกับ
report-against-none = ไม่เปรียบเทียบ
report-previous-period = งวดก่อนหน้า
report-previous-year = ปีก่อน
report-before = ก่อนหน้า
report-change = เปลี่ยนแปลง
chart-some = กราฟแสดง { $shown } จาก { $all } ตารางแสดงทั้งหมด
entry-title = รายการบัญชี { $number }
entry-text = คำอธิบาย
entry-document = เอกสาร
entry-journal = สมุดรายวัน
entry-by = โดย
entry-posted = บันทึกเมื่อ
entry-wanted = วันที่เอกสาร
entry-reverses = กลับรายการ
entry-sequence = ลำดับในสมุดบัญชี
entry-account = บัญชี
entry-of = ของใครหรือสิ่งใด
entry-amount = จำนวน
entry-debit = เดบิต
entry-credit = เครดิต
report-currency = สกุลเงิน

# Charts and pivots
list-chart = กราฟ
list-pivot = ตารางไขว้
chart-none = ยังไม่มีข้อมูลให้วาดกราฟ
span-month = เดือน
span-quarter = ไตรมาส
span-year = ปี
pivot-rows = แถว
pivot-columns = คอลัมน์
pivot-measure = ผลรวมของ
pivot-cut = แสดงไม่ครบทุกค่า แต่ผลรวมนับทั้งหมด กรองรายการให้แคบลง
pivot-too-many = มีมากกว่า { $count } รายการ กรองรายการก่อน

# Dashboards
dashboards = แดชบอร์ด
dashboard-open = เปิด
dashboard-all = ทั้งหมด
dashboard-nothing = ยังไม่มี
dashboard-month-before = เดือนก่อน
dashboard-quarter-before = ไตรมาสก่อน
dashboard-year-before = ปีก่อน
