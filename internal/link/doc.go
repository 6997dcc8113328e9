// Package link joins two ends over one gRPC connection.
//
// A link is one pair of stores. On it run three streams, so that neither direction can stall the other and no beat
// waits behind a message: Heartbeat opens a session and tells how far each end has got, PushMessages carries what the
// dialling end sends, PullMessages what the listening end sends. Apart from who dials, both ends run the same code: a
// sender for one lane and a receiver for one Taker.
//
// What holds:
//
//   - The sender lets go of a number only after a receipt, in one commit with the trace of it. The receiver writes a
//     receipt only after Take has returned, which means that it is durable. So a message may cross twice and is never
//     in nobody's hands; its number makes the second crossing harmless.
//   - Only one session of a pair can change anything. Both ends fence older ones in their stores before they read the
//     marks they exchange, so what the marks say stays true for the session.
//   - A store that came back from an older copy is found by comparing the marks and refused. Nothing is ever reset.
//   - A number that cannot be taken is an exception. It blocks nothing: the sender moves its recipients elsewhere and
//     ends the number with a void.
//   - A reader of a stream only fills a queue that is bounded by the credit it granted. It never waits on disk and
//     never sends, which rules out two ends that each wait for the other to read.
//   - A beat in each direction every second, and its echo, are what keeps a session. One that is not heard from, or
//     does not hear us, for ten seconds is closed and dialled again, even if TCP looks well.
//
// How a session opens, D dialling L:
//
//	D -> L  Hello without marks     who are you?
//	L -> D  Welcome without session who L is; the stream ends
//	D       fences its older sessions with L, reads its marks
//	D -> L  Hello with marks
//	L       fences its older sessions with D, reads its marks, compares
//	L -> D  Welcome with session and marks, or without session and then a status
//	D       compares, opens push and pull with the session's name
//
// If both ends dial, the session dialled by the lower store UUID stays and the other end's dialler rests.
//
// Credit counts messages (begins, and voids in their order) and bytes (the encoded size of every DeliveryBegin, and
// the data of every chunk). Voids out of order, which end exceptions, need none; neither do those that end exceptions of an
// earlier session.
package link
