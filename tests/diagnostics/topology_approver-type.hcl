topology "web" {
  strategy = "warm_standby"
  regions  = ["us-east-1", "us-west-2"]
  primary  = "us-east-1"

  failover {
    approvals = 1
    approvers = ["ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCoa9Yum1TGsUsFg5as0LEOEa/jB3SxOuw+RpUp2k0wNtcNtxUaBejhzYacjZ++S1wAI9IbBH2roxbMigOiSsK/v/Va8HwKHUQ7MqGqqf/0Sd+qrHg2rvN+wrvG5JuU/P8ls5NDM6bESiWvInME3w8mSJorIgUuq05oso6deu8EYqALIpHcFfytuK8kMCLKtWSFjrrYFBQ5y26ZHC0+zdAKDTrLjWLZEZ+k9w/DzeNtcbK+h5L2neKrtdLxQx6Mb2DT9s1i4pAnRrGUp4QdjRfbNPAgF5NF+NEDLWuXaXkOmhY74mSmGj6RHi44OigbYJl43w3GekzWnmrEN4dPH6o/ alice@example.com"]
  }
}

region "us-east-1" { account = "123456789012" }
region "us-west-2" { account = "123456789012" }
