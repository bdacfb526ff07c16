# The words of the shell in Vietnamese.
# Signing in

sign-in = Đăng nhập
sign-in-lead = Khách hàng, đơn hàng, tồn kho, sản xuất và sổ sách trong cùng một hệ thống.
sign-in-login = Email
sign-in-password = Mật khẩu
sign-in-code-link = Tôi có mã dùng một lần
sign-in-over = Phiên làm việc đã kết thúc. Hãy đăng nhập lại để tiếp tục việc đang làm.
sign-out = Đăng xuất
first-title = Chào mừng. Hãy tạo quản trị viên đầu tiên.
first-lead = Cửa sổ dòng lệnh khởi động máy chủ hiển thị một mã dùng một lần. Ai có mã này sẽ tạo quản trị viên đầu tiên.
first-code = Mã dùng một lần
first-name = Tên của bạn
first-password-help = Từ 15 ký tự trở lên. Ghép bốn từ là đủ tốt.
first-do = Tạo quản trị viên
code-title = Đặt mật khẩu
code-lead = Mã do quản trị viên cung cấp chỉ dùng được một lần.
code-new-password = Mật khẩu mới
code-do = Đặt mật khẩu
code-done = Đã đặt mật khẩu. Hãy đăng nhập bằng mật khẩu này.
first-done = Đã tạo quản trị viên. Hãy đăng nhập.

# The frame
skip = Chuyển đến nội dung
home = Trang chủ
menu-shared = Dữ liệu dùng chung
menu = Menu
search = Tìm kiếm
search-hint = Tìm kiếm hoặc thực hiện …
find-nothing = Không tìm thấy “{ $words }”.
find-more = Xem tất cả trong { $model }
company-switch = Làm việc tại
account-own = Tài khoản
theme = Giao diện
theme-auto = Theo hệ thống
theme-light = Sáng
theme-dark = Tối
density = Mật độ
density-comfortable = Thoáng
density-compact = Gọn
years = Cách ghi năm
years-buddhist = Phật lịch
years-common = Công lịch
language = Ngôn ngữ
close = Đóng
cancel = Bỏ qua
back = Quay lại
yes = Có
no = Không
no-number = Chưa có số
recent = Gần đây
recent-none = Các bản ghi bạn mở sẽ hiện ở đây.
shortcuts = Phím tắt
shortcuts-anywhere = Mọi nơi
shortcuts-list = Trong danh sách
shortcuts-form = Trong biểu mẫu
key-palette = Tìm kiếm, đi đến, thực hiện
key-search = Tìm trong danh sách này
key-new = Bản ghi mới
key-help = Bảng phím tắt này
key-home = Trang chủ
key-up-down = Dòng sau, dòng trước
key-open = Mở dòng
key-select = Chọn dòng
key-save = Lưu
key-edit = Trường đầu tiên
key-add-line = Thêm dòng
key-back = Quay lại
key-letters = Phím một chữ cái chỉ có tác dụng khi không ở trong trường nhập.
palette-go = Đi đến
palette-new = Tạo mới: { $model }
palette-act = Thực hiện

# Home
home-title = Xin chào, { $name }
home-activities = Hoạt động của bạn
home-activities-none = Không có việc nào đến hạn. Các hoạt động được giao cho bạn sẽ hiện ở đây.
home-overdue = quá hạn
home-today = hôm nay
home-start = Bắt đầu từ đây
home-nothing = Vai trò của bạn chưa mở được gì. Hãy đề nghị quản trị viên cấp vai trò.

# Lists
list-new = Tạo mới
list-filters = Bộ lọc
list-filter-expression = Điều kiện
list-filter-help = Như trong API, ví dụ total > 1000.0 && state == 'draft'
list-apply = Áp dụng
list-clear = Xóa tất cả
list-remove = Bỏ: { $what }
list-columns = Cột
list-columns-move-up = Chuyển lên
list-columns-move-down = Chuyển xuống
list-columns-reset = Về mặc định
list-group = Nhóm theo
list-group-none = Không nhóm
list-views = Chế độ xem
list-view-all = Tất cả
list-view-save = Lưu chế độ xem này
list-view-name = Tên
list-view-shared = Cho mọi người
list-view-delete = Xóa chế độ xem này
list-export = Xuất
list-export-xlsx = Excel (XLSX)
list-export-csv = CSV
export-limited = Tệp dừng ở đây, sau { $count } dòng. Hãy thu hẹp danh sách để lấy phần còn lại.
list-kanban = Bảng thẻ
list-list = Danh sách
list-next = Trang sau
list-end = Đã hết danh sách.
list-select = Chọn { $title }
list-select-all = Chọn tất cả dòng đang hiện
list-selected = Đã chọn
list-delete = Xóa
list-count =
    { $count ->
       *[other] { $shown } bản ghi
    }
list-empty = Chưa có { $model } nào.
list-empty-new = Tạo bản ghi đầu tiên
list-empty-found = Không có kết quả phù hợp.
list-empty-found-lead = Hãy bỏ bớt bộ lọc hoặc tìm bằng ít từ hơn.
list-any = Bất kỳ
list-none = (không có)
list-total = Tổng cộng
list-records = Số bản ghi
list-changed = Có người đã thay đổi danh sách này.
list-reload = Hiển thị
list-done =
    { $count ->
       *[other] Đã thực hiện cho { $count } bản ghi.
    }
list-failed =
    { $count ->
       *[other] { $count } bản ghi bị từ chối:
    }
search-list = Tìm { $model }

# Forms
form-new = Tạo mới: { $model }
form-save = Lưu
form-discard = Bỏ thay đổi
form-duplicate = Nhân bản
form-delete = Xóa
form-delete-sure = Xóa vĩnh viễn bản ghi này?
form-more = Khác
form-saved = Đã lưu.
form-unsaved = Chưa lưu
form-required = bắt buộc
form-problems =
    { $count ->
       *[other] Có { $count } điểm cần xử lý:
    }
form-not-now = Hiện không thực hiện được: { $why }
form-wrong-state = Chỉ thực hiện được khi trạng thái là { $states }.
form-related = Liên quan
form-details = Trường khác
form-created = Đã tạo
form-changed-at = Đã sửa
form-id = ID
form-changed = Có người đã sửa bản ghi này.
form-read-only = Bạn chỉ có quyền xem bản ghi này.
form-gone = Có người đã xóa bản ghi này.
conflict-title = Bản ghi vừa bị thay đổi
conflict-lead = Có người đã lưu bản ghi này trong lúc bạn đang sửa. Hãy chọn giá trị được giữ cho từng trường.
conflict-field = Trường
conflict-theirs = Hiện có
conflict-mine = Của bạn
conflict-save = Lưu lựa chọn của tôi
conflict-drop = Giữ nguyên hiện có
lines-add = Thêm dòng
lines-remove = Bỏ dòng { $number }
lines-none = Chưa có dòng nào.
link-choose = Chọn …
link-create = Tạo “{ $name }”
link-none = Không tìm thấy
tags-help = Phân cách bằng dấu chấm phẩy.
file-choose = Chọn tệp
file-none = Chưa có tệp
json-help = JSON

# Timeline
timeline = Dòng thời gian
timeline-note-add = Viết ghi chú
timeline-note-do = Thêm ghi chú
timeline-activity = Lên lịch hoạt động
timeline-activity-done = Đã xong
timeline-drop = Thả tệp vào đây, hoặc chọn tệp
timeline-none = Chưa có diễn biến nào.
timeline-created = đã tạo
timeline-updated = đã sửa
timeline-lines = dòng
timeline-due = hạn { $date }
timeline-empty-value = trống

# Boards
board-add = Thêm
board-move = Chuyển sang
board-more =
    { $count ->
       *[other] Thêm { $count } mục
    }
board-none = Không có gì
board-moved = { $title } đã chuyển sang { $column }.

# Errors
error-403-title = Không được phép
error-404-title = Không có gì ở đây
error-404-lead = Bản ghi có thể đã bị xóa, thuộc công ty khác, hoặc vai trò của bạn không cho phép xem.
error-409-title = Đã có người thao tác trước
error-409-lead = Hãy tải lại rồi thực hiện lại thao tác của bạn.
error-422-title = Có chỗ cần sửa
error-429-title = Thử quá nhiều lần
error-500-title = Hệ thống gặp lỗi
error-500-lead = Đây không phải lỗi của bạn và không có gì bị thực hiện dở dang. Người vận hành có thể tra nhật ký theo số bên dưới.
error-503-title = Tạm thời không truy cập được
error-503-lead = Hãy thử lại sau vài giây.
error-home = Về trang chủ
error-request = Yêu cầu { $id }
form-print = In
printed-page = Trang { $page }/{ $pages }
printed-carried = Cộng chuyển trang sau
printed-brought = Cộng trang trước chuyển sang
printed-draft = Bản nháp

related-new = Tạo từ đây
options-title = Tùy chọn
options-of = Tùy chọn của { $name }
options-help = nhóm.tùy_chọn; nhóm.tùy_chọn
options-choose = Chọn …
options-none = Sản phẩm này không có gì để chọn.
options-no-product = Chưa có sản phẩm nào cấu hình được.
options-quantity = Số lượng
options-up-to = chọn tối đa { $most }
options-from-to = chọn từ { $least } đến { $most }
options-nothing = không chọn
options-not-possible = Không thể chọn như vậy:
options-price = Giá
options-of-one = Một đơn vị
options-of-all = { $quantity } đơn vị
options-ready = Có thể sẵn sàng vào
options-ready-unknown = Ở đây không ai sản xuất hay mua sản phẩm này nên không biết ngày.
options-parts = Cần có
options-part = Thành phần
options-wanted = Cần
options-free = Còn trống
options-short = Thiếu
options-look = Xem lại
options-take = Tạo mới: { $model }
options-use = Dùng lựa chọn này
# Reports
reports = Báo cáo
reports-none = Vai trò của bạn chưa mở báo cáo nào.
report-ask = Hãy cho biết bạn muốn xem gì.
report-empty = Không có gì để hiển thị.
report-empty-lead = Chưa có gì được ghi cho điều bạn hỏi. Hãy thử ngày khác hoặc ít điều kiện hơn.
report-show = Xem
report-more = Nhìn lại
report-against = So sánh với
report-against-none = Không
report-previous-period = Kỳ trước
report-previous-year = Năm trước
report-before = Trước
report-change = Thay đổi
chart-some = Biểu đồ có { $shown } trên { $all }; bảng có đủ tất cả.
entry-title = Bút toán { $number }
entry-text = Diễn giải
entry-document = Chứng từ
entry-journal = Sổ nhật ký
entry-by = Người ghi
entry-posted = Ghi lúc
entry-wanted = Ngày chứng từ
entry-reverses = Đảo bút toán
entry-sequence = Số thứ tự trong sổ
entry-account = Tài khoản
entry-of = Đối tượng
entry-amount = Số lượng
entry-debit = Nợ
entry-credit = Có
report-currency = Loại tiền

# Charts and pivots
list-chart = Biểu đồ
list-pivot = Bảng chéo
chart-none = Chưa có gì để vẽ.
span-month = tháng
span-quarter = quý
span-year = năm
pivot-rows = Hàng
pivot-columns = Cột
pivot-measure = Tổng của
pivot-cut = Không phải mọi giá trị đều hiển thị, nhưng tổng là của tất cả. Hãy thu hẹp danh sách.
pivot-too-many = Có hơn { $count } bản ghi. Hãy thu hẹp danh sách trước.

# Dashboards
dashboards = Bảng điều khiển
dashboard-open = Mở
dashboard-all = Tất cả
dashboard-nothing = Chưa có gì.
dashboard-month-before = tháng trước
dashboard-quarter-before = quý trước
dashboard-year-before = năm trước
