"""人员: who may sign in, as what, and who is signed in now; for administrators, and to read for auditors."""
