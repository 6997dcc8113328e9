// Package identity says who is calling, and what that caller may call.
//
// An identity is one URI in the subject alternative names of a verified certificate, and nothing else: not the common
// name, not gRPC metadata, not an address. Four roles exist, and the URI's host names the role:
//
//	sidegate://peer/NAME        an end of a link: pcside, macside, a coordinator
//	sidegate://user/NAME        a person or a program that owns mailboxes
//	sidegate://operator/NAME    whoever runs the ends
//	sidegate://monitor/NAME     whatever watches them
//
// URIs of the form spiffe://TRUST-DOMAIN/PATH are taken as well when a Mapping gives them a role.
//
// A role is bound to an authority. A directory of certificates (DIR of --tls-dir) holds
//
//	tls.crt          own certificate, then intermediates
//	tls.key          its private key
//	links-ca.crt     who may sign role peer, and so every server
//	clients-ca.crt   who may sign the roles user, operator and monitor
//
// so that a leaked client authority cannot forge a link, nor the reverse. Connections are TLS 1.3 with a certificate on
// both ends, without session tickets. A connection ends when its certificate expires or when its authority is no
// longer trusted after a reload.
//
// Three parts, which fit together but stand alone: Reloader (certificates to gRPC credentials), Guard (default deny by
// exact method), and Init with Issue (a small local authority). Insecure takes the place of the Reloader under
// --insecure-dev, on loopback only.
package identity
