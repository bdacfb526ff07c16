# The words of the shell in Simplified Chinese.
# Signing in

sign-in = 登录
sign-in-lead = 客户、订单、库存、生产与账务，尽在一处。
sign-in-login = 邮箱
sign-in-password = 密码
sign-in-code-link = 我有一次性验证码
sign-in-over = 会话已结束。请重新登录，以继续之前的工作。
sign-out = 退出登录
first-title = 欢迎使用，请创建首位管理员。
first-lead = 启动服务器的控制台上显示了一个一次性验证码，凭此验证码可创建首位管理员。
first-code = 一次性验证码
first-name = 您的姓名
first-password-help = 至少 15 个字符。用四个词语组合即可。
first-do = 创建管理员
code-title = 设置密码
code-lead = 管理员提供的验证码仅可使用一次。
code-new-password = 新密码
code-do = 设置密码
code-done = 密码已设置，请用新密码登录。
first-done = 管理员已创建，请登录。

# The frame
skip = 跳至正文
home = 首页
menu-shared = 共享数据
menu = 菜单
search = 搜索
search-hint = 搜索或执行…
find-nothing = 未找到“{ $words }”。
find-more = 查看全部{ $model }
company-switch = 切换至
account-own = 账户
theme = 主题
theme-auto = 跟随系统
theme-light = 浅色
theme-dark = 深色
density = 显示密度
density-comfortable = 宽松
density-compact = 紧凑
years = 纪年
years-buddhist = 佛历
years-common = 公历
language = 语言
close = 关闭
cancel = 取消
back = 返回
yes = 是
no = 否
no-number = 尚无编号
recent = 最近使用
recent-none = 您打开过的记录会显示在此处。
shortcuts = 键盘快捷键
shortcuts-anywhere = 任意页面
shortcuts-list = 列表中
shortcuts-form = 表单中
key-palette = 搜索、跳转、执行
key-search = 搜索当前列表
key-new = 新建记录
key-help = 显示此帮助
key-home = 首页
key-up-down = 下一行、上一行
key-open = 打开当前行
key-select = 选择当前行
key-save = 保存
key-edit = 第一个字段
key-add-line = 添加行
key-back = 返回
key-letters = 单字母快捷键在输入框之外有效。
palette-go = 跳转至
palette-new = 新建{ $model }
palette-act = 执行

# Home
home-title = { $name }，您好
home-activities = 您的活动
home-activities-none = 暂无到期活动。指派给您的活动会显示在此处。
home-overdue = 已逾期
home-today = 今天
home-start = 从这里开始
home-nothing = 您的角色尚无可用功能。请向管理员申请角色。

# Lists
list-new = 新建
list-filters = 筛选
list-filter-expression = 条件
list-filter-help = 写法与 API 相同，例如 total > 1000.0 && state == 'draft'
list-apply = 应用
list-clear = 全部清除
list-remove = 移除：{ $what }
list-columns = 列
list-columns-move-up = 上移
list-columns-move-down = 下移
list-columns-reset = 恢复默认
list-group = 分组依据
list-group-none = 不分组
list-views = 视图
list-view-all = 全部
list-view-save = 保存此视图
list-view-name = 名称
list-view-shared = 对所有人可见
list-view-delete = 删除此视图
list-export = 导出
list-export-xlsx = Excel (XLSX)
list-export-csv = CSV
export-limited = 文件到此为止，共 { $count } 行。请缩小列表范围以获取其余部分。
list-kanban = 看板
list-list = 列表
list-next = 下一页
list-end = 已全部显示。
list-select = 选择 { $title }
list-select-all = 选择全部已显示的行
list-selected = 已选
list-delete = 删除
list-count =
    { $count ->
       *[other] { $shown } 条记录
    }
list-empty = 还没有{ $model }。
list-empty-new = 新建第一条
list-empty-found = 没有符合条件的记录。
list-empty-found-lead = 请去掉一个筛选条件，或减少搜索词。
list-any = 任意
list-none = （无）
list-total = 合计
list-records = 记录数
list-changed = 有人修改了此列表。
list-reload = 显示
list-done =
    { $count ->
       *[other] 已处理 { $count } 条记录。
    }
list-failed =
    { $count ->
       *[other] { $count } 条记录被拒绝：
    }
search-list = 搜索{ $model }

# Forms
form-new = 新建{ $model }
form-save = 保存
form-discard = 放弃
form-duplicate = 复制
form-delete = 删除
form-delete-sure = 确定永久删除？
form-more = 更多
form-saved = 已保存。
form-unsaved = 未保存
form-required = 必填
form-problems =
    { $count ->
       *[other] 有 { $count } 个问题需要处理：
    }
form-not-now = 目前无法执行：{ $why }
form-wrong-state = 仅在状态为 { $states } 时可执行。
form-related = 相关
form-details = 更多字段
form-created = 创建
form-changed-at = 修改
form-id = ID
form-changed = 有人修改了此记录。
form-read-only = 您只能查看此记录。
form-gone = 有人删除了此记录。
conflict-title = 记录已被修改
conflict-lead = 在您编辑期间，有人保存了此记录。请逐个字段选择要保留的内容。
conflict-field = 字段
conflict-theirs = 当前内容
conflict-mine = 您的内容
conflict-save = 保存我的选择
conflict-drop = 保留当前内容
lines-add = 添加行
lines-remove = 删除第 { $number } 行
lines-none = 暂无明细。
link-choose = 选择…
link-create = 新建“{ $name }”
link-none = 未找到
tags-help = 以分号分隔。
file-choose = 选择文件
file-none = 无文件
json-help = JSON

# Timeline
timeline = 动态
timeline-note-add = 撰写备注
timeline-note-do = 添加备注
timeline-activity = 安排活动
timeline-activity-done = 完成
timeline-drop = 将文件拖放到此处，或点击选择
timeline-none = 暂无动态。
timeline-created = 创建了此记录
timeline-updated = 修改了
timeline-lines = 明细
timeline-due = { $date } 到期
timeline-empty-value = 空

# Boards
board-add = 添加
board-move = 移至
board-more =
    { $count ->
       *[other] 还有 { $count } 条
    }
board-none = 此处为空
board-moved = { $title } 现处于“{ $column }”。

# Errors
error-403-title = 无权访问
error-404-title = 此处没有内容
error-404-lead = 内容可能已被删除、属于其他公司，或您的角色无权查看。
error-409-title = 已有人抢先修改
error-409-lead = 请重新读取，然后再次执行您的操作。
error-422-title = 有内容需要更正
error-429-title = 尝试次数过多
error-500-title = 系统出现错误
error-500-lead = 这不是您的操作造成的，系统也没有留下未完成的处理。运维人员可凭以下编号在日志中查找。
error-503-title = 暂时无法访问
error-503-lead = 请在几秒后重试。
error-home = 返回首页
error-request = 请求 { $id }
form-print = 打印
printed-page = 第 { $page } 页，共 { $pages } 页
printed-carried = 转下页
printed-brought = 承前页
printed-draft = 草稿

related-new = 由此新建
options-title = 选项
options-of = { $name } 的选项
options-help = 组.选项; 组.选项
options-choose = 选择…
options-none = 此产品没有可选项。
options-no-product = 还没有可配置的产品。
options-quantity = 数量
options-up-to = 最多选 { $most } 项
options-from-to = 选 { $least } 到 { $most } 项
options-nothing = 不选
options-not-possible = 不能这样选择：
options-price = 价格
options-of-one = 单价
options-of-all = { $quantity } 件
options-ready = 可交付日期
options-ready-unknown = 这里没有人生产或采购它，因此无法给出日期。
options-parts = 所需部件
options-part = 部件
options-wanted = 需要
options-free = 可用
options-short = 短缺
options-look = 重新计算
options-take = 新建：{ $model }
options-use = 使用此选择
# Reports
reports = 报表
reports-none = 您的角色没有可用的报表。
report-ask = 请选择要查看的内容。
report-empty = 没有可显示的内容。
report-empty-lead = 没有符合条件的记录。请更换日期或减少条件。
report-show = 查看
report-more = 回溯
report-against = 对比
report-against-none = 不对比
report-previous-period = 上一期
report-previous-year = 上一年
report-before = 之前
report-change = 变动
chart-some = 图中显示 { $all } 项中的 { $shown } 项；表中为全部。
entry-title = 分录 { $number }
entry-text = 摘要
entry-document = 单据
entry-journal = 日记账
entry-by = 操作者
entry-posted = 过账时间
entry-wanted = 单据日期
entry-reverses = 冲销
entry-sequence = 账内序号
entry-account = 科目
entry-of = 对象
entry-amount = 数量
entry-debit = 借方
entry-credit = 贷方
report-currency = 货币

# Charts and pivots
list-chart = 图表
list-pivot = 透视表
chart-none = 暂无可绘制的数据。
span-month = 月
span-quarter = 季度
span-year = 年
pivot-rows = 行
pivot-columns = 列
pivot-measure = 汇总
pivot-cut = 未显示全部值，但合计包含全部。请缩小列表。
pivot-too-many = 记录超过 { $count } 条。请先缩小列表。

# Dashboards
dashboards = 仪表板
dashboard-open = 打开
dashboard-all = 全部
dashboard-nothing = 暂无。
dashboard-month-before = 上月
dashboard-quarter-before = 上季
dashboard-year-before = 去年
