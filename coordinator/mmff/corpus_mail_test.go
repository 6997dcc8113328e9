package mmff

import (
	"fmt"
	"strings"
)

func vectors() class {
	subject := func(n int) string {
		return mailText("\r\n", with(envelope, "DATE:1994-04-04", "TIME:13:10", "SUBJECT:"+strings.Repeat("0123456789", 7)[:n]), "")
	}
	return class{"vectors", "The published samples, typed anew: V1 KB Q117581, V2 Q103801, V3 Q147034, V4 Q94410 and Q106623, V5 Q118533, V6 Q119047, V7 Q130066, V8 Q175041, V9 Q175040, V10 Q131523, V11 Q118298.", []sample{
		{"v1-subject-65", subject(65), KindMail},
		{"v1-subject-63", subject(63), KindMail},
		{"v1-as-published", lines("\r\n", with(envelope, "DATE:1994-04-04", "TIME:13:10", "SUBJECT:"+strings.Repeat("0123456789", 7)[:65])...), KindIncomplete},
		{"v2-crlf", fileTransfer("\r\n", 152, 291), KindMail},
		{"v2-lf-recounted", fileTransfer("\n", 143, 275), KindMail},
		{"v2-cr-recounted", fileTransfer("\r", 143, 275), KindMail},
		{"v3-headlen-9", meeting("9"), KindMail},
		{"v3-headlen-8", meeting("8"), KindMail},
		{"v3-headlen-7", meeting("7"), KindMail},
		{"v4-addresses", mailText("\r\n", []string{"VERSION:3.00", "TO:CSI:net/po/$system", "TO:net/po/$system", "TO:MSMail:UserID@Postoffice",
			"TO:CSI:PROXYNET/PROXYPO/PROXYID", "TO:PCM:net/po/user", "FROM:CSI:NET1/PO1/Admin"}, "x"), KindMail},
		{"v5-cr-then-lf", "VERSION:3.00\rFROM:net/po/other\r\nTO:net/po/mailbox\rTEXT:0\r", KindBad},
		// Both logs lay in the shared directory, and the Macintosh half's lay in the store: they are no messages.
		{"v6-pc-log", pcLog, KindForeign},
		{"v6-pc-log-as-text", mailText("\r\n", full, pcLog), KindMail},
		{"v7-mac-log", macLog, KindForeign},
		{"v7-mac-log-cr", in("\r", macLog), KindForeign},
		{"v8-undeliverable", mailText("\r\n", []string{"VERSION:3.00", "TO:CSI:NET/PO/MERCHANT", "FROM:MSMAIL:Network Manager@Coconut Mail Server", "DATE:1996-05-02", "TIME:14:15",
			"SUBJECT:Undeliverable Mail", "PRIORITY:3"}, undeliverable), KindMail},
		{"v9-read-receipt", mailText("\r\n", []string{"VERSION:3.00", "TO:MSMAIL:Network Manager@Coconut", "FROM:CSI:NET/PO/MERCHANT", "DATE:1996-05-02", "TIME:14:20",
			"SUBJECT:Read Receipt: The Merchant", "PRIORITY:C"}, readReceipt), KindMail},
		{"v10-registered", mailText("\r\n", []string{"VERSION:3.00", "TO:MSMAIL:johndoe@al", "FROM:CSI:NET/PO/POSTOFFICE", "DATE:1992-10-23", "TIME:08:06",
			"SUBJECT:Registered: Joh"}, registered), KindMail},
		{"v11-directory-request", mailText("\r\n", []string{"VERSION:3.00", "TO:CSI:NET/PO/$SYSTEM", "FROM:CSI:MACNET/MACPO/$SYSTEM", "SUBJECT:Directory Exchange Profile"}, profile), KindMail},
		{"v11-transactions", mailText("\r\n", []string{"VERSION:3.00", "TO:CSI:MACNET/MACPO/$SYSTEM", "FROM:CSI:NET/PO/$SYSTEM", "SUBJECT:SrvTx R=1 S=644 (was 643) I=1 1 sent",
			fmt.Sprintf("ATTACHMENT:TMPTRANS.GLB %d", len(transactions))}, "[DIRSYNC]\r\n", transactions), KindMail},
	}}
}

func lineEnds() class {
	c := class{dir: "line-ends", about: "The same mail in each line end, with the body in the same or another one."}
	names := []string{"cr", "lf", "crlf"}
	for i, eol := range []string{"\r", "\n", "\r\n"} {
		for j, body := range []string{"\r", "\n", "\r\n"} {
			c.samples = append(c.samples, sample{"header-" + names[i] + "-body-" + names[j], mailText(eol, full, lines(body, "one", "", "three")), KindMail})
		}
		c.samples = append(c.samples, sample{"no-body-" + names[i], mailText(eol, full, ""), KindMail})
	}
	return c
}

func fieldOrder() class {
	c := class{dir: "order-and-case", about: "Fields in other orders and spellings than the writer's."}
	rest := full[1:]
	for i := range rest {
		turned := append(append([]string{"VERSION:3.00"}, rest[i:]...), rest[:i]...)
		c.samples = append(c.samples, sample{fmt.Sprintf("turned-%d", i), mailText("\r\n", turned, "text\r\n"), KindMail})
	}
	c.samples = append(c.samples,
		sample{"lower", in("\r\n", strings.ToLower(mailText("\r\n", full, "text\r\n"))), KindMail},
		sample{"mixed", mailText("\r\n", []string{"Version:3.00", "To:a/b/c", "fRoM:d/e/f", "Date:1994-04-04", "Subject:x"}, "text\r\n"), KindMail},
		sample{"blank-before-colon", mailText("\r\n", []string{"VERSION :3.00", "TO :a/b/c", " FROM:d/e/f"}, "text\r\n"), KindMail})
	return c
}

func optional() class {
	c := class{dir: "optional-fields", about: "Dates, times, priorities and subjects in every published and some odd forms."}
	for name, field := range map[string]string{
		"priority-1": "PRIORITY:1", "priority-5": "PRIORITY:5", "priority-r": "PRIORITY:R", "priority-c": "PRIORITY:C", "priority-f": "PRIORITY:F",
		"priority-word": "PRIORITY:urgent", "date-odd": "DATE:4.4.1994", "time-seconds": "TIME:13:10:59", "subject-empty": "SUBJECT:",
		"subject-colon": "SUBJECT:RE: TEXT:12", "subject-blanks": "SUBJECT:  spaced  ", "subject-long": "SUBJECT:" + strings.Repeat("long ", 100),
	} {
		c.samples = append(c.samples, sample{name, mailText("\r\n", with(envelope, field), "text\r\n"), KindMail})
	}
	return c
}

func attachments() class {
	h := func(l ...string) []string { return with(full, l...) }
	return class{"attachments", "Attachments inside the file: names with blanks, equal names, empty ones, contents that look like headers.", []sample{
		{"two", mailText("\r\n", h("ATTACHMENT:a.txt 3", "ATTACHMENT:b.txt 2"), "text\r\n", "aaa", "bb"), KindMail},
		{"plural-token", mailText("\r\n", h("ATTACHMENTS:a.txt 3"), "text\r\n", "aaa"), KindMail},
		{"name-with-blanks", mailText("\r\n", h("ATTACHMENT:Read Me 3"), "text\r\n", "aaa"), KindMail},
		{"name-ends-in-number", mailText("\r\n", h("ATTACHMENT:Report 1994 3"), "text\r\n", "aaa"), KindMail},
		{"equal-names", mailText("\r\n", h("ATTACHMENT:a 1", "ATTACHMENT:a 2", "ATTACHMENT:a 3"), "", "1", "22", "333"), KindMail},
		{"empty-file", mailText("\r\n", h("ATTACHMENT:a 0", "ATTACHMENT:b 1"), "", "", "b"), KindMail},
		{"no-name", mailText("\r\n", h("ATTACHMENT:3"), "text\r\n", "aaa"), KindMail},
		{"content-is-mail", mailText("\r\n", h("ATTACHMENT:m.msg 58"), "text\r\n", mailText("\r\n", full, "x")[:58]), KindMail},
		{"body-is-header", mailText("\r\n", h("ATTACHMENT:a 1"), "VERSION:3.00\r\nTO:x\r\nTEXT:9\r\n", "a"), KindMail},
		{"binary", mailText("\n", h("ATTACHMENT:a.bin 6"), "", "\x00\x1A\xFF\r\n\x00"), KindMail},
		{"tab-before-count", mailText("\r\n", h("ATTACHMENT:a.txt\t3"), "", "aaa"), KindMail},
		{"winmail", mailText("\r\n", h("ATTACHMENT:WINMAIL.DAT 4"), "text\r\n", "\x78\x9F\x3E\x22"), KindMail},
		{"trailing-dash", mailText("\r\n", h("ATTACHMENT:TEST.DOC- 1"), "", "x"), KindMail},
	}}
}

func outside() class {
	x := func(tail string) string { return lines("\r\n", with(full, "XTEXT:"+tail)...) }
	return class{"outside-files", "XTEXT and XATTACH: references that are kept and never opened.", []sample{
		{"xtext", x(`C:\OUT\BODY.TXT`), KindMail},
		{"xtext-attachment", lines("\r\n", with(full, "ATTACHMENT:a 2", "XTEXT:body.txt")...) + "aa", KindMail},
		{"xtext-empty", x(""), KindBad},
		{"xtext-cut", strings.TrimSuffix(x("body.txt"), "\r\n"), KindIncomplete},
		{"xattach", mailText("\r\n", with(full, `XATTACH:C:\A.DOC`), "text"), KindMail},
		{"xattach-comma", mailText("\r\n", with(full, `XATTACH:C:\A.DOC,Letter to Jim`), "text"), KindMail},
		{"xattach-brackets", mailText("\r\n", with(full, `XATTACH:C:\A.DOC[Letter to Jim]`), "text"), KindMail},
		{"xattach-climbs", mailText("\r\n", with(full, `XATTACH:..\..\..\etc\passwd`), "text"), KindMail},
		{"xattach-empty", mailText("\r\n", with(full, `XATTACH: `), "text"), KindBad},
	}}
}

func extended() class {
	h := func(l ...string) []string { return with(full, l...) }
	return class{"extended", "CC, EXT with counted and uncounted values, and fields whose names nobody published.", []sample{
		{"cc", mailText("\r\n", h("CC:a/b/c", "CC:MSMAIL:x@y"), "text"), KindMail},
		{"cc-only", mailText("\r\n", []string{"VERSION:3.00", "FROM:a/b/c", "CC:a/b/d"}, "text"), KindMail},
		{"ext-number-of-field", mailText("\r\n", h("EXT:S:3:FORM", "Memo of the month"), "text"), KindMail},
		{"ext-counted-lines", mailText("\r\n", h("EXT:S:10:NOTE", "one", "two"), "text"), KindMail},
		{"ext-would-swallow", mailText("\r\n", h("EXT:I:11:X", "9"), "text"), KindMail},
		{"ext-empty-value", mailText("\r\n", h("EXT:S:2:X", ""), "text"), KindMail},
		{"ext-without-value", mailText("\r\n", h("EXT:S:0:X"), "text"), KindMail},
		{"ext-value-like-a-field", mailText("\r\n", h("EXT:S:10:X", "TO:a/b/c"), "text"), KindMail},
		{"ext-colon-in-name", mailText("\r\n", h("EXT:S:3:A:B", "x"), "text"), KindMail},
		{"ext-malformed", mailText("\r\n", h("EXT:HEADLEN"), "text"), KindMail},
		{"ext-lf", mailText("\n", h("EXT:I:2:HEADLEN", "9"), "text"), KindMail},
		{"ext-number-reaches-over", mailText("\r\n", []string{"VERSION:3.00", "TO:a/b/c", "FROM:d/e/f", "A:", "B:", "EXT:S:11:X", "9"}, "text"), KindMail},
		{"ext-cut", lines("\r\n", h("EXT:I:3:HEADLEN")...), KindIncomplete},
	}}
}

func addresses() class {
	c := class{dir: "addresses", about: "Address forms; bad ones are noted and cost the other recipients nothing."}
	for name, to := range map[string]string{
		"proxy": "CSI:MACNET/MACPO/1F0001MF", "native-blanks": "MSMAIL:John Chen@San Francisco Marketing", "msa": "MSA:user@Gateway",
		"smtp": "SMTP:WAMOZART@tinpanalley.com", "fax-escape": "FAX:+1 555 0100^0DAttention: Jim", "mci-escape": "MCI:Jim / MCI ID: 123-4567^0DEMS: X",
		"x400": "X400:c=US;a=MCI;p=ORG;s=Chen", "ms": "MS:NET/PO/USER", "unknown-type": "WARP:a/b/c", "empty": "", "only-type": "CSI:",
		"two-parts": "CSI:NET/PO", "no-server": "MSMAIL:user@", "slash-less": "nobody",
	} {
		c.samples = append(c.samples, sample{name, mailText("\r\n", []string{"VERSION:3.00", "TO:" + to, "TO:CSI:NET/PO/GOOD", "FROM:CSI:NET/PO/POSTOFFICE"}, "text"), KindMail})
	}
	return c
}

func twoMessages() class {
	a, b := mailText("\r\n", full, "first\r\n"), mailText("\r\n", full, "second\r\n")
	return class{"two-messages", "More than one message in a file.", []sample{
		{"back-to-back", a + b, KindMail},
		{"blank-line-between", a + "\r\n" + b, KindMail},
		{"other-line-end", a + mailText("\n", full, "second\n"), KindMail},
		{"three", a + b + a, KindMail},
		{"second-cut", a + b[:len(b)-3], KindIncomplete},
		{"second-cut-in-version", a + "VERS", KindIncomplete},
		{"second-bad", a + mailText("\r\n", []string{"VERSION:3.00", "TO:a/b/c"}, "text"), KindBad},
		{"first-without-text", lines("\r\n", full...) + b, KindBad},
		{"with-attachments", mailText("\r\n", with(full, "ATTACHMENT:a 3"), "x", "aaa") + mailText("\r\n", with(full, "ATTACHMENT:b 3"), "y", "bbb"), KindMail},
	}}
}

// The texts of V6 to V11, as published.
const (
	pcLog = "Mac-PC From: johndoe.al Date: 10-22-92 16:19:00 Subject: From Mac Side\r\n" +
		"PC-Mac From: POSTOFFICE Date: 10-22-92 16:15:00 Subject: Registered: Joh\r\n" +
		"Mac-PC From: johndoe.al Date: 10-22-92 16:22:00 Subject: RE: Registered:\r\n" +
		"170 - # - # - Bad address NETWORK/POSTOFFICE/POSTOFFICE -- ignored.\r\n" +
		"PC-Mac From: POSTMASTER Date: 10-22-92 16:19:00 Subject: Mail failure\r\n"
	macLog = "1995-03-30 05:09 Error: (531) File not found occurred while deleting file mmff1.wrt.\r\n" +
		"1995-03-30 07:14 Error: (550) File is busy occurred while deleting file mmff2.msg.\r\n" +
		"1995-04-05 10:55 Exiting the Microsoft Mail Connection at 1995-04-05 10:55\r\n" +
		"1995-04-05 10:56 Starting the Microsoft Mail Connection at 1995-04-05 10:56\r\n"
	undeliverable = "From: Network Manager\r\nTo:   The Merchant\r\nSubject: Undeliverable Mail\r\nDate: 1996-05-02 14:15\r\nPriority: 3\r\n" +
		"Non-delivery explanation:\r\nYour message did not reach some or all of the intended recipients.\r\nDate submitted: 1996-05-02 14:15\r\n" +
		"Message title: thanks\r\nThe following recipients were valid:\r\n\r\nThe following recipient(s) could not be reached:\r\n| Bullet Before Name@Coconut Mail Server\r\n"
	readReceipt = "Microsoft Mail v3.0 IPM.Microsoft Mail.Read Receipt\r\nFrom: The Merchant\r\nDate sent: 1996-05-02 14:20\r\nTo: Network Manager\r\n" +
		"Subject: Read Receipt: The Merchant\r\nMessage Identifer: 12-34\r\nPrimary message ID: 5678\r\nYour message to The Merchant(MS:NET/PO/MERCHANT)\r\n" +
		"With subject: thanks\r\nAnd sent on 1996-05-02 14:15\r\nWas read on 1996-05-02 14:19\r\nPriority level: C\r\n"
	registered   = "[013] ***** Read receipt from a registered message *****\r\nTo: John\r\nDate: 10-22-92\r\nSubject: From Mac Side\r\nTime: 16:19\r\n\r\nWas read 10-23-92 08:05\r\n"
	profile      = "[DIRSYNC]\r\nTASK=IMPORTREQ\r\nNAME=PCM:MACNET/MACPO\r\nTYPES=PCM|CSI|profs\r\nTEMPLATE=NO\r\nSRVSEQ=0000000644\r\nTRANSACTIONS=INATTACHMENT\r\n"
	transactions = "[DIRSYNC-TRANSACTIONS]\r\n0000001200 A Martin, Robert                 PCM:net/po/rmartin\r\n- Phone:/555-0100\r\n"
)
