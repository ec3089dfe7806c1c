package slots

// size is the bytes of a slot: two instructions of five.
const size = 10
