/** What became of a record, in a word with its sign and tone. */
export interface Status {
  word: string
  icon: string
  tone: 'good' | 'wait' | 'bad' | 'plain'
  /** What it means where the server gives no reason of its own. */
  meaning: string
}

const STATUSES: Record<string, Status> = {
  credited: { word: '已入账', icon: 'check', tone: 'good', meaning: '' },
  held: { word: '核对中', icon: 'clock', tone: 'wait', meaning: '这一笔再看一眼，看完就有结果，没有扣您的。' },
  voided: { word: '没记上', icon: 'x', tone: 'bad', meaning: '核对后没有通过。有不明白的，请问单位管理员。' },
  timed_out: { word: '没记上', icon: 'x', tone: 'bad', meaning: '到期没有核对完，没有入账。有不明白的，请问单位管理员。' },
  reversed: { word: '已更正', icon: 'undo', tone: 'plain', meaning: '这一笔已经冲正。' },
}

export function status(code: string): Status {
  return STATUSES[code] ?? { word: code, icon: 'info', tone: 'plain', meaning: '' }
}

/** What an entry of the statement is called. */
export const ENTRIES: Record<string, string> = {
  award: '行为入账',
  reversal: '冲正',
  correction: '更正',
  grant: '活动奖励',
  redemption: '兑换，积分冻结',
  fulfilment: '兑换已领取',
  cancellation: '兑换取消，积分退回',
  donation: '捐赠',
  expiry: '到期清零',
}
