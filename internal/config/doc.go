// Package config holds every setting of the three programs: what it is called, what it means, what it is when nobody
// says otherwise, and where its value came from.
//
// A setting has one name. As a flag it is --max-size; in the environment of the coordinator COORDINATOR_MAX_SIZE; in a
// file max-size. A flag beats the environment, the environment beats the file, the file beats the default. A list given
// in one place replaces the whole list of the place below. A variable that is set and empty counts as not set.
//
// Files are YAML: one mapping, one key per setting, lists as sequences. Unknown and repeated keys are refused with
// their line. No setting holds a secret; keys and tokens are named by the files they are in.
//
//	listen: 10.0.0.7:7401
//	peer:
//	  - macside.example:7402=sidegate://peer/macside
//	tls-dir: /etc/sidegate/pcside
package config
