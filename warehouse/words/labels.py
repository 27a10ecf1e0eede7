"""What the codes that people read are called in Chinese: one label for each code, wherever it is shown."""

from __future__ import annotations

from warehouse.registry.levels import Level

SEVERITY = {"critical": "强制性", "warning": "核实性", "info": "提示性"}
"""Severities of rules and findings, gravest first."""

LEVEL: dict[Level, str] = {
    "city": "市本级",
    "county": "县(市、区)",
    "township": "乡镇(街道)",
    "village": "村(社区)",
}
"""Levels of org units, as the forms call their rows."""

UNREAD = {
    "unknown_unit": "单位不在名录内",
    "second_row": "同一单位的又一行",
    "part": "其中项，不是下发表样的行",
    "own_column": "自己加的栏，不在报表之内",
    "cover": "封面的签署栏，原样留存",
}
"""Why a cell of a form's sheet was not taken over."""

FILE_STATE = {"accepted": "已接收", "held": "暂存，待改正", "empty": "空表", "refused": "未能接收"}
"""How a file fared (file_state of quality.submission)."""

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
"""How the report of a unit and year stands."""

NORMALISATION = {
    "invisible": "已去掉看不见的字符",
    "note_mark": "已去掉注号",
    "header_unit": "已按表头的单位换算",
    "month_only": "未写日，按当月1日",
    "time_dropped": "已去掉时刻",
}
"""What was done to a cell (`fix` of NOTE), where what was written and what was read do not show it side by side."""

FINDING_STATUS = {"open": "待处理", "explained": "已说明，待审核", "reopened": "再次出现"}
"""What has become of a finding that is not settled."""
