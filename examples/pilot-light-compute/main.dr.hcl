# A pilot light: volumes are copied to the standby region, its machines are there and switched off.
# Others (Terraform, say) make the volumes, the instances and the Auto Scaling group; what is here
# finds them by their tags and names.

provider "aws" {
  region = "us-east-1"
}

variable "primary" {
  default = "us-east-1"
}

variable "standby" {
  default = "us-west-2"
}

# How many instances of the web tier run in the standby: 0 until they are needed.
variable "web_capacity" {
  default = 0
}

# What the volumes hold as it is now: a new name makes new snapshots beside the old ones.
variable "moment" {
  default = "weekly"
}

data "aws_ebs_volumes" "orders" {
  region = var.primary
  tags   = { data = "orders" }
}

resource "aws_ebs_snapshot" "orders" {
  for_each    = toset(data.aws_ebs_volumes.orders.ids)
  region      = var.primary
  volume_id   = each.key
  description = "orders, ${var.moment}"
  tags        = { data = "orders" }
}

# In the standby, and readable there when the primary is gone.
resource "aws_ebs_snapshot_copy" "orders" {
  for_each           = aws_ebs_snapshot.orders
  region             = var.standby
  source_region      = var.primary
  source_snapshot_id = each.value.id
  description        = each.value.description
  tags               = { data = "orders" }
}

data "aws_vpc" "standby" {
  region  = var.standby
  default = true
}

resource "aws_security_group" "standby" {
  region      = var.standby
  name        = "orders-standby"
  description = "Who may reach the standby"
  vpc_id      = data.aws_vpc.standby.id

  ingress {
    description = "the web"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  # Without this nothing goes out.
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

data "aws_instances" "database" {
  region               = var.standby
  instance_tags        = { role = "orders-database" }
  instance_state_names = ["running", "stopped"]
}

# Somebody else's machine: it is stopped or started, and stays as it is when this folder goes.
resource "aws_ec2_instance_state" "database" {
  for_each    = toset(data.aws_instances.database.ids)
  region      = var.standby
  instance_id = each.key
  state       = "stopped"
}

# Somebody else's group: only what is set here is ours.
resource "aws_autoscaling_group" "web" {
  region           = var.standby
  name             = "web"
  min_size         = var.web_capacity
  desired_capacity = var.web_capacity
}

output "copies" {
  value = { for volume, copy in aws_ebs_snapshot_copy.orders : volume => copy.id }
}
