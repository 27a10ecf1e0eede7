"""Takes what lies in the inbox into archive and journal, once it is finished; hands on receipts of the journal."""
