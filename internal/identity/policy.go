package identity

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"google.golang.org/grpc"
)

// A Policy names, for every full method, the roles that may call it. What is not in it, nobody may call. Owning a
// mailbox or a sender address is checked by the handlers, on top of this.
type Policy map[string][]Role

// linkService is the prefix of the methods for which a peer must also be accepted by its URI.
const linkService = "/sidegate.v1.LinkService/"

// API is the policy of Sidegate's own services, of health and of reflection: the whole table of who may call what.
func API() Policy {
	return Policy{
		// Mail belongs to the users. Operators do not read or send it here; they only follow its way.
		"/sidegate.v1.MailService/SubmitMessage":       {User},
		"/sidegate.v1.MailService/SubmitMessages":      {User},
		"/sidegate.v1.MailService/ListMessages":        {User},
		"/sidegate.v1.MailService/GetMessage":          {User},
		"/sidegate.v1.MailService/ReceiveMessages":     {User},
		"/sidegate.v1.MailService/AcknowledgeMessages": {User},
		"/sidegate.v1.MailService/DeleteMessages":      {User},
		"/sidegate.v1.MailService/TrackMessage":        {User, Operator},

		// Mailboxes are made by operators. A user sees the user's own.
		"/sidegate.v1.MailboxService/CreateMailbox":        {Operator},
		"/sidegate.v1.MailboxService/GetMailbox":           {User, Operator},
		"/sidegate.v1.MailboxService/ListMailboxes":        {User, Operator},
		"/sidegate.v1.MailboxService/UpdateMailboxOwners":  {Operator},
		"/sidegate.v1.MailboxService/UpdateMailboxName":    {Operator},
		"/sidegate.v1.MailboxService/DeleteMailbox":        {Operator},
		"/sidegate.v1.MailboxService/AddMailboxAliases":    {Operator},
		"/sidegate.v1.MailboxService/RemoveMailboxAliases": {Operator},

		// People may look each other up. Whole lists are for operators; a monitor sees no names.
		"/sidegate.v1.DirectoryService/SearchEntries": {User, Operator},
		"/sidegate.v1.DirectoryService/LookupEntry":   {User, Operator},
		"/sidegate.v1.DirectoryService/ExportEntries": {Operator},
		"/sidegate.v1.DirectoryService/ImportEntries": {Operator},

		// Links are between ends; the peer must also be one of the accepted peers.
		"/sidegate.v1.LinkService/Heartbeat":    {Peer},
		"/sidegate.v1.LinkService/PushMessages": {Peer},
		"/sidegate.v1.LinkService/PullMessages": {Peer},

		// States may be watched; what waits, and content, is for operators.
		"/sidegate.v1.AdminService/GetStatus":          {Operator, Monitor},
		"/sidegate.v1.AdminService/WatchStatus":        {Operator, Monitor},
		"/sidegate.v1.AdminService/ListQueueEntries":   {Operator},
		"/sidegate.v1.AdminService/GetQueueEntry":      {Operator},
		"/sidegate.v1.AdminService/UpdateQueueEntries": {Operator},
		"/sidegate.v1.AdminService/ListBadMail":        {Operator},
		"/sidegate.v1.AdminService/GetBadMail":         {Operator},
		"/sidegate.v1.AdminService/RetryBadMail":       {Operator},
		"/sidegate.v1.AdminService/DiscardBadMail":     {Operator},
		"/sidegate.v1.AdminService/ForgetPeer":         {Operator},
		"/sidegate.v1.AdminService/CheckStore":         {Operator},

		"/sidegate.v1.SpoolService/GetSpool":         {Operator, Monitor},
		"/sidegate.v1.SpoolService/WatchSpool":       {Operator, Monitor},
		"/sidegate.v1.SpoolService/ListHandshakes":   {Operator},
		"/sidegate.v1.SpoolService/ListSpoolBadMail": {Operator},
		"/sidegate.v1.SpoolService/ResumeSpool":      {Operator},
		"/sidegate.v1.SpoolService/RepublishSlots":   {Operator},

		// The map of proxies and the list of registered senders are people's names.
		"/sidegate.v1.SpoolService/ListProxies":             {Operator},
		"/sidegate.v1.SpoolService/ExportProxies":           {Operator},
		"/sidegate.v1.SpoolService/ImportProxies":           {Operator},
		"/sidegate.v1.SpoolService/AssignProxies":           {Operator},
		"/sidegate.v1.SpoolService/ListRegisteredSenders":   {Operator},
		"/sidegate.v1.SpoolService/UpdateRegisteredSenders": {Operator},

		// Health says nothing about mail, so every role may ask; a certificate is needed all the same.
		"/grpc.health.v1.Health/Check": {Peer, User, Operator, Monitor},
		"/grpc.health.v1.Health/Watch": {Peer, User, Operator, Monitor},
		"/grpc.health.v1.Health/List":  {Peer, User, Operator, Monitor},

		// What an end offers may be looked up by everybody who is meant to call it: clients such as grpcurl ask before they
		// call. It tells what the protos tell, and nothing of mail.
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      {User, Operator, Monitor},
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {User, Operator, Monitor},
	}
}

// Allows reports whether a role may call a method. Unknown methods and roles may not.
func (p Policy) Allows(method string, role Role) bool {
	return role.known() && slices.Contains(p[method], role)
}

// Covers checks the policy against what a server has registered (grpc.Server.GetServiceInfo): every registered method
// must stand in the policy, and every method the policy names for a registered service must exist. Call it once before
// serving, so that a new RPC without a rule, or a slip in a name, is found at the start and not by a user.
func (p Policy) Covers(services map[string]grpc.ServiceInfo) error {
	registered := map[string]bool{}
	var problems []string
	for service, info := range services {
		for _, m := range info.Methods {
			method := "/" + service + "/" + m.Name
			registered[method] = true
			if len(p[method]) == 0 {
				problems = append(problems, method+" has no rule")
			}
		}
	}
	for method := range p {
		service, _, _ := splitMethod(method)
		if _, served := services[service]; served && !registered[method] {
			problems = append(problems, method+" has a rule but does not exist")
		}
	}
	if len(problems) == 0 {
		return nil
	}
	sort.Strings(problems)
	return fmt.Errorf("identity: policy does not fit the services: %s", strings.Join(problems, "; "))
}

// splitMethod parts "/package.Service/Method". ok is false for anything else; grpc-go before 1.79.3 let paths without
// the first slash through to interceptors (CVE-2026-33186), so the form is checked and never mended.
func splitMethod(method string) (service, name string, ok bool) {
	rest, slashed := strings.CutPrefix(method, "/")
	service, name, parted := strings.Cut(rest, "/")
	return service, name, slashed && parted && service != "" && name != "" && !strings.Contains(name, "/")
}
