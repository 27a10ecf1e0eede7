"""Texts that every issued workbook prints and that reading recognises, whatever words a catalogue adds."""

from warehouse.words.number_words import NOT_APPLICABLE

GUIDE_SHEET = "填报说明"
AUDIT_SHEET = "审核"
SUMS_SHEET = "表间汇总"  # what the cross-form rules of 审核 compare
LIST_SHEET = "代码表"  # hidden
NOT_ASKED = NOT_APPLICABLE  # stands in a cell that the form does not ask of this row
UNREAD_SHEET = "未读入的内容"  # of a correction workbook: what the file held beside the forms
ANSWER_SHEET = "说明"  # of a correction workbook
ANSWER_BOX = "说明（请在本栏填写）"
ANSWER_KEYS = {
    "form": "报表标识",
    "rule": "审核关系编号",
    "org_code": "代码",
    "item": "名册项目",
    "field": "字段标识",
    "operands": "涉及数值",
}
"""Heads of the hidden columns with the key of an answer's finding: column of ANSWER -> head."""
ANSWERED = "针对报送件"
"""Head of the hidden column with the submission that a correction workbook answers."""
DRAFT_MARK = "【上年说明】"  # stands before a text of last year's: no answer as long as it stands there
NO_BOX = "须改正，不能以说明代替"
LAID_OUT = "本表已按下发表样列出，请核对后填写"
"""Stand in the box of a question that cannot be explained: a grave one, or one of the layout of the file received."""
ACCEPT, REFUSE = "认可", "不认可"
BATCH_HEADS = {"explanation": "编号", "decision": "决定", "reason": "审核意见"}
"""Heads of the administrator's batch workbook that are read again."""
SERIAL = "序号"
NOTE = "注"
SIGNATURES = ("单位负责人", "统计负责人", "填表人", "报出日期")
