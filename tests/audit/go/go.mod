module henvend.example/verify

go 1.25
