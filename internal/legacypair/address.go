package legacypair

import "strings"

// services are the address types a half knows. CSI is PC Mail, MSMAIL and MSA the AppleTalk side; the others belong to
// gateways behind the PC's postoffice (KB Q94410, Q117582).
var services = []string{"CSI", "MSMAIL", "MSA", "SMTP", "X400", "MHS", "PROFS", "SNADS", "FAX", "MCI", "3COM"}

// maxName is the length of network, postoffice and mailbox names (KB Q96003).
const maxName = 10

// checkAddress refuses what the old program refused: types it does not know, PCM among them (error 151, KB Q106623), and
// malformed addresses (142).
func checkAddress(line int, tail string) *fault {
	service, value := partAddress(tail)
	known := false
	for _, s := range services {
		known = known || s == service
	}
	if !known {
		return failed(151, line, "Unknown service %s (has address %s)", service, value)
	}
	good := strings.TrimSpace(value) != ""
	switch service {
	case "CSI":
		parts := strings.Split(value, "/")
		good = len(parts) == 3
		for _, p := range parts {
			good = good && p != "" && len(p) <= maxName
		}
	case "MSMAIL", "MSA":
		at := strings.LastIndexByte(value, '@')
		good = at > 0 && at < len(value)-1
	}
	if !good {
		return failed(142, line, "Bad address %s", tail)
	}
	return nil
}

// partAddress parts type and address; without a type it is CSI (KB Q106623).
func partAddress(tail string) (service, value string) {
	service, value, ok := strings.Cut(tail, ":")
	if !ok {
		return "CSI", tail
	}
	return strings.ToUpper(service), value
}

// shortName is who a log line says a message is from: the mailbox of a PC address, otherwise the address (KB Q119047).
func shortName(tail string) string {
	service, value := partAddress(tail)
	if service == "CSI" {
		return value[strings.LastIndexByte(value, '/')+1:]
	}
	return value
}
