package cli

import (
	"net"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"sidegate/internal/config"
	"sidegate/internal/identity"
)

// maxReceive bounds one answer: a page of entries with long lists of recipients is the largest.
const maxReceive = 64 << 20

// The client directories of the authority that programs make for themselves, by what they may do.
const (
	asUser     = "user"
	asOperator = "operator"
)

// dial prepares the connection to the program at --addr. Nothing is sent yet. role chooses among the certificates of
// the user's own authority when no others are named.
func (c *call) dial(role string) (*grpc.ClientConn, error) {
	address := c.text("addr")
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, usagef("%s %q is not HOST:PORT", c.where("addr"), address)
	}
	creds, err := c.credentials(address, role)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient("passthrough:///"+address, // the dialler looks the name up, and says which it was
		grpc.WithTransportCredentials(creds),
		grpc.WithNoProxy(), // mail does not go where a browser's settings point
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceive)),
		grpc.WithUserAgent(c.program.Name+"-cli/"+Build().Version),
	)
}

// credentials decides between certificates and plaintext. A flag beats the environment; both at once are a slip.
func (c *call) credentials(address, role string) (credentials.TransportCredentials, error) {
	dir, dirFrom := c.find("tls-dir")
	insecureText, insecureFrom := c.find("insecure-dev")
	insecure, err := strconv.ParseBool(insecureText)
	if err != nil {
		return nil, usagef("%s %q is neither true nor false", c.where("insecure-dev"), insecureText)
	}
	if insecure && dir != "" {
		if insecureFrom == dirFrom {
			return nil, usagef("--insecure-dev and --tls-dir cannot stand together")
		}
		insecure = insecureFrom > dirFrom
	}
	if insecure {
		if err := identity.CheckLoopback(address); err != nil {
			return nil, usagef("%s is refused because %s is not a loopback address; use --tls-dir", c.where("insecure-dev"), address)
		}
		return identity.Insecure{}.Client(""), nil
	}
	if dir == "" {
		dir = filepath.Join(config.LocalPKI(c.streams.Env), role)
		if _, err := os.Stat(dir); err != nil {
			return nil, usagef("wants --tls-dir DIR with certificates, or --insecure-dev on loopback")
		}
	}
	c.certificates = dir
	reloader, err := identity.NewReloader(dir, identity.Options{})
	if err != nil {
		return nil, err
	}
	return reloader.Client(""), nil
}
