"""The Chinese labels of codes, one for each code wherever it is shown."""

from __future__ import annotations

from warehouse.registry.levels import Level

SEVERITY = {"critical": "强制性", "warning": "核实性", "info": "提示性"}
"""Severities of rules and findings, the highest first."""

LEVEL: dict[Level, str] = {
    "city": "市本级",
    "county": "县(市、区)",
    "township": "乡镇(街道)",
    "village": "村(社区)",
}
"""Levels of org units, as the forms call their rows."""

UNREAD = {
    "unknown_unit": "单位没有填写或不在名录内",
    "second_row": "同一单位的又一行",
    "part": "其中项，不是下发表样的行",
    "own_column": "自己加的栏，不在报表之内",
    "cover": "封面的签署栏，原样留存",
}
"""Why a cell of a form's sheet was not taken over."""

FILE_STATE = {"accepted": "已接收", "held": "暂存，待改正", "empty": "空表", "refused": "未能接收"}
"""States of a file (file_state of quality.submission)."""

REPORT_STATE = {
    "not_received": "未报送",
    "refused": "收到但无法读取",
    "empty": "空表",
    "year_doubted": "年度有疑",
    "held": "暂存",
    "returned": "市级退回",
    "accepted": "已接收",
    "approved": "已审定",
    "locked": "已锁定",
}
"""States of the report of a unit and year."""

NORMALISATION = {
    "invisible": "已去掉看不见的字符",
    "note_mark": "已去掉注号",
    "header_unit": "已按表头的单位换算",
    "month_only": "未写日，按当月1日",
    "time_dropped": "已去掉时刻",
}
"""Normalisations (`fix` of NOTE) that the written and the read value do not show."""

FINDING_STATUS = {"open": "待处理", "explained": "已说明，待审核", "reopened": "再次出现"}
"""States of a finding that is not settled."""

SETTLED = {"accepted": "说明已认可", "fixed": "已改正", "blanked": "已改为未报"}
"""States of a finding that is settled."""

LEVEL_SHORT: dict[Level, str] = {"city": "市", "county": "县", "township": "乡镇", "village": "村"}
"""Short labels of levels, for lists."""

KIND = {
    "stock": "时点",
    "flow": "时期",
    "cumulative": "累计",
    "rate": "比率",
    "share": "比重",
    "change": "增减",
    "rank": "位次",
    "streak": "连续年数",
}
"""Kinds of measures and indicators."""

FIELD_TYPE = {
    "count": "计数",
    "cny": "金额",
    "rank": "位次",
    "year": "年份",
    "date": "日期",
    "boolean": "是否",
    "code": "代码",
    "text": "文字",
}
"""Types of fields."""

TABLE_KIND = {"log": "表（逐次累积）", "built": "表（每次重建）", "view": "视图"}
"""Kinds of tables of the warehouse."""

MATURITY = {"provisional": "初报", "final": "终报"}
"""How final an indicator is."""

STATE = {
    "zero": "真零",
    "not_applicable": "不适用",
    "not_reported": "未报送",
    "held": "暂存待改正",
    "suppressed": "不公布",
}
"""States of a number without a value."""

DISCLOSURE = {"protected": "受保护", "derived": "涉及受保护数", "open": "公开"}
"""Classes of disclosure of measures and indicators."""

ROLE = {"clerk": "填报人", "administrator": "市级管理员", "leader": "领导", "operator": "运行维护人"}
"""Roles of the people in contacts.yaml."""
